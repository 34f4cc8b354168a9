"""Saturation: a tool that cannot read beyond its full scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, ShareRange, Site


class Saturation(CurveFault):
    """A curve limited to a maximum reading: dead time of counters, full scale, end of a search window.

    The limit is a quantile of the interval's readings, so that a given share of them is affected.

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 5-7, 10 (ranges of
        resistivity devices, counting rates and dead time).
    """

    earlier_names: ClassVar[Mapping[str, str]] = {"beyond": "saturated_share"}

    kind: Literal["saturation"] = "saturation"
    length_m: MetreRange = Field(default=(3.0, 25.0), description="length of the saturated interval [m]")
    curves: tuple[str, ...] = Field(
        default=("GR", "NPHI", "DTC", "RDEP"), min_length=1, description="curves that may be affected, one per event"
    )
    saturated_share: ShareRange = Field(
        default=(0.3, 0.8), description="share of the interval whose readings exceed the limit"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        values = recording.values[list(site.rows), site.window]
        limit = np.nanquantile(values, 1.0 - rng.uniform(*self.saturated_share), axis=1, keepdims=True, method="lower")
        return np.minimum(values, limit).astype(np.float32)
