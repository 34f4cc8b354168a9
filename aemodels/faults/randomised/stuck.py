"""Stuck readings of the randomised family: flat, quantised, noisy or creeping, of one curve or of several."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import MetreRange, Site, from_display_scale, scale_range, to_display_scale
from aemodels.faults.randomised.shapes import Floats, Probability, RandomisedCurveFault, log_uniform


class RandomStuck(RandomisedCurveFault):
    """Hold a curve at about one reading: its last one, or any that it has near by.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (repeated readings, tool sticking).
    """

    label: ClassVar[str] = "stuck"

    kind: Literal["stuck_random"] = "stuck_random"
    length_m: MetreRange = Field(default=(1.0, 40.0), description="length of the line [m]; drawn log-uniformly")
    joint: Probability = Field(default=0.25, description="share of the events that hit several curves at once")
    flat: Probability = Field(default=0.5, description="share of the lines that are exactly level")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        samples = out.shape[1]
        for position in self.picked(out, rng):
            row = site.rows[position]
            name, values = recording.names[row], recording.values[row]
            before = values[max(site.start - int(rng.choice([1, 1, 1, 20])), 0) : site.stop]
            before = before[np.isfinite(before)]
            if not before.size:
                continue
            level = to_display_scale(name, before[:1])[0]
            line = np.full(samples, level)
            if rng.random() >= self.flat:
                line += _wander(scale_range(recording, row), samples, rng)
            out[position] = from_display_scale(name, line)
        return out.astype(np.float32)


def _wander(spread: float, samples: int, rng: np.random.Generator) -> Floats:
    """Return the movement of a held reading, float64[samples]: noise, a flickering last digit, or a creep."""
    noise: Floats = np.asarray(spread * log_uniform(2e-4, 8e-3, rng) * rng.standard_normal(samples))
    form = rng.integers(3)
    if form == 0:
        digit = spread * log_uniform(5e-4, 8e-3, rng)
        return np.asarray(digit * (rng.random(samples) < rng.uniform(0.02, 0.5)))
    if form == 1:
        return np.asarray(noise * 0.2 + spread * rng.uniform(-0.08, 0.08) * np.linspace(0, 1, samples))
    return noise
