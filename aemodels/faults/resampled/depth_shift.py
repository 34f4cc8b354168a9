"""Depth shift of the resampled family: a lag that varies as another interval of the well does."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import gaussian_filter1d
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Share, Site, read_off_depth
from aemodels.faults.resampled.other_depths import pattern


class ResampledDepthShift(CurveFault):
    """Read one curve deeper or shallower than it was taken; friction in the hole makes the lag vary.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (cable stretch).
    """

    label: ClassVar[str] = "depth_shift"

    kind: Literal["depth_shift_resampled"] = "depth_shift_resampled"
    length_m: MetreRange = Field(default=(8.0, 60.0), description="length of the interval off depth [m]")
    shift_m: MetreRange = Field(default=(0.7, 4.0), description="largest shift [m]; up or down at random")
    varying: Share = Field(default=0.4, description="share of the shift that varies")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        friction = pattern(recording, site, rng)
        friction = gaussian_filter1d(friction, max(1.0, friction.size / 8.0), mode="nearest")
        lag = rng.uniform(*self.shift_m) * rng.choice([-1.0, 1.0]) * (1.0 - self.varying * friction)
        return np.stack([read_off_depth(recording, row, site.window, lag) for row in site.rows]).astype(np.float32)
