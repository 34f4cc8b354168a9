"""Cycle skip of the textbook family: a block or a comb of readings that are late by one period."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import BoolArray, Recording
from aemodels.faults.base import CurveFault, MetreRange, Site

Slowness = Annotated[float, Field(gt=0.0, le=200.0)]


class TextbookCycleSkip(CurveFault):
    """Make a sonic too slow by one amount, throughout or at every second to fourth sample.

    References:
        Rider, M. & Kennedy, M. (2011), The Geological Interpretation of Well Logs, 3rd ed., ch. 9 (sonic).
    """

    label: ClassVar[str] = "cycle_skip"

    kind: Literal["cycle_skip_textbook"] = "cycle_skip_textbook"
    length_m: MetreRange = Field(default=(0.5, 10.0), description="length of the interval [m]")
    curves: tuple[str, ...] = Field(default=("DTC",), min_length=1, description="sonic curves that may be hit")
    jump: tuple[Slowness, Slowness] = Field(default=(15.0, 60.0), description="slowness added [us/ft]")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        late: BoolArray = np.asarray(np.arange(out.shape[1]) % int(rng.integers(1, 5)) == 0)
        return np.asarray(out + rng.uniform(*self.jump) * late).astype(np.float32)
