"""Cycle skip of the randomised family: sonic readings that jump by any amount, in any pattern."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import FLOOR, MetreRange, Site
from aemodels.faults.randomised.shapes import Floats, Probability, RandomisedCurveFault, log_uniform, roughness


class RandomCycleSkip(RandomisedCurveFault):
    """Add jumps of either sign to a sonic: blocks, runs, single samples, or a jump that fades, with noise on top.

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 19 (cycle skipping, road
        noise).
    """

    label: ClassVar[str] = "cycle_skip"

    kind: Literal["cycle_skip_random"] = "cycle_skip_random"
    length_m: MetreRange = Field(default=(0.3, 30.0), description="length of the interval [m]; drawn log-uniformly")
    curves: tuple[str, ...] = Field(default=("DTC", "DTS"), min_length=1, description="sonic curves that may be hit")
    jump: tuple[float, float] = Field(
        default=(6.0, 120.0), description="size of one jump [us/ft], lowest and highest; drawn log-uniformly"
    )
    slow: Probability = Field(default=0.7, description="share of the events that read too slow rather than too fast")
    both: Probability = Field(default=0.2, description="share of the events whose jumps have either sign")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        samples = out.shape[1]
        for position in self.picked(out, rng):
            change = self._pattern(samples, rng) * log_uniform(*self.jump, rng)
            if rng.random() < 0.5:
                change += np.where(change != 0, 1.0, 0.0) * log_uniform(0.5, 12.0, rng) * roughness(samples, rng)
            floor = max(FLOOR["DTC"], float(np.nanmin(out[position])) * 0.6)
            out[position] = np.maximum(out[position] + change, floor)
        return out.astype(np.float32)

    def _pattern(self, samples: int, rng: np.random.Generator) -> Floats:
        """Return the jumps in units of one, float64[samples]; 0 if no cycle is missed."""
        sign = 1.0 if rng.random() < self.slow else -1.0
        form = rng.integers(4)
        if form == 0:  # one block
            pattern = np.ones(samples)
        elif form == 1:  # one jump that fades
            pattern = np.linspace(1.0, rng.uniform(0.0, 0.5), samples) ** log_uniform(0.5, 2.0, rng)
            pattern = pattern if rng.random() < 0.5 else pattern[::-1]
        else:  # runs; single samples where they are short
            pattern = self._runs(samples, rng)
        if rng.random() < self.both:
            return np.asarray(pattern * rng.choice([-1.0, 1.0], samples if form == 3 else 1))
        return np.asarray(sign * pattern)

    def _runs(self, samples: int, rng: np.random.Generator) -> Floats:
        pattern = np.zeros(samples)
        mean, share, start = log_uniform(1.0, 12.0, rng), rng.uniform(0.25, 0.9), 0
        while start < samples:
            run = 1 + int(rng.exponential(mean))
            pattern[start : start + run] = rng.choice([1.0, 1.0, 2.0, 0.5]) * rng.uniform(0.8, 1.2)
            start += run + 1 + int(rng.exponential(mean * (1 - share) / share))
        return pattern
