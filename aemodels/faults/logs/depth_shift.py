"""Depth shift: one curve recorded off depth against the others."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site, read_off_depth


class DepthShift(CurveFault):
    """One curve shifted up or down by a constant, as in a splice of a pass with another depth reference.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (depth matching; 1-3 m are common
        mismatches between runs).
    """

    kind: Literal["depth_shift"] = "depth_shift"
    length_m: MetreRange = Field(default=(10.0, 40.0), description="length of the shifted interval [m]")
    shift_m: MetreRange = Field(default=(1.0, 3.0), description="size of the shift [m]; up or down at random")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        shift = rng.uniform(*self.shift_m) * rng.choice([-1.0, 1.0])
        return np.stack([read_off_depth(recording, row, site.window, shift) for row in site.rows]).astype(np.float32)
