"""Stuck readings of the textbook family: a straight vertical line."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site


class TextbookStuck(CurveFault):
    """Give an interval of a curve one reading: the first of the interval."""

    label: ClassVar[str] = "stuck"

    kind: Literal["stuck_textbook"] = "stuck_textbook"
    length_m: MetreRange = Field(default=(1.5, 15.0), description="length of the line [m]")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].copy()
        for values in out:
            values[:] = values[np.isfinite(values)][:1] if np.isfinite(values).any() else np.nan
        return out
