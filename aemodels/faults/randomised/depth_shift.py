"""Depth shift of the randomised family: constant or stretched, of one curve or several, with or without seams."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import MetreRange, Site, read_off_depth
from aemodels.faults.randomised.shapes import Floats, Probability, RandomisedCurveFault, log_uniform


class RandomDepthShift(RandomisedCurveFault):
    """Read curves off depth by an amount that is constant, ramps up, or changes along the interval.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (depth matching; cable stretch).
    """

    label: ClassVar[str] = "depth_shift"

    kind: Literal["depth_shift_random"] = "depth_shift_random"
    length_m: MetreRange = Field(default=(5.0, 80.0), description="length of the interval [m]; drawn log-uniformly")
    shift_m: MetreRange = Field(default=(0.5, 6.0), description="size of the shift [m]; drawn log-uniformly")
    joint: Probability = Field(default=0.25, description="share of the events that move several curves together")
    constant: Probability = Field(default=0.6, description="share of the events whose shift is constant, with seams")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        shift = self._shift(site.stop - site.start, rng)
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        for position in self.picked(out, rng):
            out[position] = read_off_depth(recording, site.rows[position], site.window, shift)
        return out.astype(np.float32)

    def _shift(self, samples: int, rng: np.random.Generator) -> Floats:
        """Return the shift of each sample [m], float64[samples]."""
        size = log_uniform(*self.shift_m, rng) * rng.choice([-1.0, 1.0])
        if rng.random() < self.constant:
            return np.full(samples, size)
        place = (np.arange(samples) + 0.5) / samples
        form = rng.integers(3)
        if form == 0:  # grows from nothing, one seam
            return np.asarray(size * (place if rng.random() < 0.5 else place[::-1]))
        if form == 1:  # no seam at either end
            return np.asarray(size * np.clip(np.minimum(place, 1 - place) / rng.uniform(0.1, 0.4), 0, 1))
        return np.asarray(size * (1 + rng.uniform(-0.4, 0.4) * (2 * place - 1)))  # stretched
