"""Stuck: a tool or recorder repeats its last reading."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site


class Stuck(CurveFault):
    """One curve held at the last value above the interval.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (repeated readings, tool sticking).
    """

    kind: Literal["stuck"] = "stuck"
    length_m: MetreRange = Field(default=(2.0, 10.0), description="length of the constant interval [m]")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].copy()
        for position, row in enumerate(site.rows):
            before = recording.values[row, max(site.start - 1, 0) : site.stop]
            out[position] = before[np.isfinite(before)][0]
        return out
