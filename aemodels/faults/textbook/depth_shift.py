"""Depth shift of the textbook family: one curve off depth by one amount."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site, read_off_depth


class TextbookDepthShift(CurveFault):
    """Read one curve deeper or shallower than it was taken.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (depth matching).
    """

    label: ClassVar[str] = "depth_shift"

    kind: Literal["depth_shift_textbook"] = "depth_shift_textbook"
    length_m: MetreRange = Field(default=(10.0, 50.0), description="length of the interval off depth [m]")
    shift_m: MetreRange = Field(default=(0.8, 3.0), description="shift [m]; up or down at random")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        shift = rng.uniform(*self.shift_m) * rng.choice([-1.0, 1.0])
        return np.stack([read_off_depth(recording, row, site.window, shift) for row in site.rows]).astype(np.float32)
