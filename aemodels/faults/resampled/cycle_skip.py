"""Cycle skip of the resampled family: the first arrival is missed where it is weak."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, ShareRange, Site
from aemodels.faults.resampled.other_depths import pattern

Kilohertz = Annotated[float, Field(gt=0.0, le=50.0)]
RECEIVERS_FT = 2.0  # distance of the two receivers


class ResampledCycleSkip(CurveFault):
    """Add periods to a sonic where the amplitude of the arrival, as another interval of the well varies, is low.

    One period is missed below the level of detection, two below a third of it.

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 19 (threshold detection).
    """

    label: ClassVar[str] = "cycle_skip"

    kind: Literal["cycle_skip_resampled"] = "cycle_skip_resampled"
    length_m: MetreRange = Field(default=(0.8, 15.0), description="length of the interval [m]")
    curves: tuple[str, ...] = Field(default=("DTC",), min_length=1, description="sonic curves that may be hit")
    frequency_khz: tuple[Kilohertz, Kilohertz] = Field(
        default=(8.0, 22.0), description="frequency of the compressional arrival [kHz]"
    )
    missed: ShareRange = Field(default=(0.3, 0.9), description="share of the interval that is missed")
    early: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        default=0.15, description="share of the events whose near receiver misses, so that they read too fast"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        amplitude = pattern(recording, site, rng) + rng.normal(0.0, 0.05, out.shape[1])
        level = np.quantile(amplitude, rng.uniform(*self.missed))
        periods = (amplitude <= level).astype(np.float64) + (amplitude <= level / 3.0)
        delay = 1000.0 / rng.uniform(*self.frequency_khz) / RECEIVERS_FT  # us/ft
        sign = -0.5 if rng.random() < self.early else 1.0
        return np.maximum(out + sign * delay * periods, 40.0).astype(np.float32)
