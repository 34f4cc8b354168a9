"""Random envelopes, roughness and lengths that the kinds of the randomised family share.

References:
    Tobin, J. et al. (2017), Domain randomization for transferring deep neural networks from simulation to the real
    world, IROS (parameters drawn so widely that reality looks like one more draw).
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import MODELLED_CURVES, LogFault, MetreRange, Target, sample_step

Floats: TypeAlias = NDArray[np.float64]
Probability: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]


class RandomisedFault(LogFault):
    """A fault of the randomised family: lengths are drawn log-uniformly.

    `label` is the kind that a detector is to learn: that of the family which the fault varies.
    """

    length_m: MetreRange = Field(default=(1.0, 60.0), description="length of an event [m]; drawn log-uniformly")

    @override
    def draw_length(self, recording: Recording, rng: np.random.Generator) -> tuple[int, int]:
        step = sample_step(recording)
        shortest = max(2, round(self.length_m[0] / step))
        return shortest, max(shortest, round(log_uniform(*self.length_m, rng) / step))


class RandomisedCurveFault(RandomisedFault):
    """A fault of the randomised family that hits one curve, or several drawn at random."""

    curves: tuple[str, ...] = Field(
        default=MODELLED_CURVES, min_length=1, description="canonical names of the curves that may be hit"
    )
    joint: Probability = Field(default=0.15, description="share of the events that hit several curves at once")

    @override
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        """Return every curve that can be hit, with the other ones beside it; `picked` draws who takes part."""
        if recording.kind != self.records:
            return ()
        rows = [recording.names.index(name) for name in self.curves if name in recording.names]
        return tuple(Target(rows=(row, *(other for other in rows if other != row)), required=(row,)) for row in rows)

    def picked(self, values: Floats, rng: np.random.Generator) -> list[int]:
        """Return the rows of `values` that take part: the first one, and in `joint` of the events some of the others.

        Args:
            values: float64[row, sample], readings of the interval; rows without any are left out.
            rng: the source of randomness.
        """
        others = 1 + np.flatnonzero(np.isfinite(values[1:]).any(axis=1))
        if not others.size or rng.random() >= self.joint:
            return [0]
        return [0, *sorted(rng.permutation(others)[: int(rng.integers(1, others.size + 1))].tolist())]


def log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    """Return a number whose logarithm is uniform between two bounds."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def envelope(samples: int, rng: np.random.Generator) -> Floats:
    """Return float64[samples] within [0, 1]: how strongly each sample of an event is hit.

    Plateaus with steps or tapers of independent lengths at the two ends, humps, ramps, and staircases.
    """
    place = (np.arange(samples) + 0.5) / samples
    form = rng.integers(6)
    if form == 0:
        return np.ones(samples)
    if form == 1:
        return np.asarray(np.sin(np.pi * place ** log_uniform(0.5, 2.0, rng)) ** log_uniform(0.5, 3.0, rng))
    if form == 2:
        return np.asarray(place if rng.random() < 0.5 else place[::-1])
    if form == 3:
        knots = int(rng.integers(2, 8))
        levels = rng.uniform(0.15, 1.0, knots)
        if rng.random() < 0.5:
            return np.asarray(levels[np.minimum((place * knots).astype(np.int64), knots - 1)])
        return np.interp(place, np.linspace(0, 1, knots), levels)
    first, last = rng.uniform(0.0, 0.5, 2) * (rng.random(2) < 0.8)
    rise = np.clip(place / max(first, 1e-9), 0, 1)
    fall = np.clip((1 - place) / max(last, 1e-9), 0, 1)
    power = log_uniform(0.4, 2.5, rng)
    return np.asarray(np.minimum(rise, fall) ** power)


def roughness(samples: int, rng: np.random.Generator) -> Floats:
    """Return zero-mean unit-variance noise, float64[samples], of a random power-law spectrum from white to brown."""
    count = max(samples, 8)
    power = rng.uniform(0.0, 2.0)
    frequency = np.fft.rfftfreq(count)
    amplitude = np.where(frequency > 0, np.maximum(frequency, 1e-9) ** (-power / 2), 0.0)
    phases = np.exp(2j * np.pi * rng.random(frequency.size))
    noise = np.fft.irfft(amplitude * phases * rng.rayleigh(1.0, frequency.size), count)[:samples]
    return np.asarray((noise - noise.mean()) / max(float(noise.std()), 1e-12))
