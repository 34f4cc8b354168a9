"""Stuck readings of the resampled family: a buffer that is sent again and again."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site


class ResampledStuck(CurveFault):
    """Repeat the last one to three readings of a curve over an interval."""

    label: ClassVar[str] = "stuck"

    kind: Literal["stuck_resampled"] = "stuck_resampled"
    length_m: MetreRange = Field(default=(1.5, 20.0), description="length of the interval [m]")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].copy()
        for position, row in enumerate(site.rows):
            before = recording.values[row, : max(site.start, 1)]
            held = before[np.isfinite(before)][-int(rng.choice([1, 1, 1, 2, 3])) :]
            if held.size:
                out[position] = np.resize(held, out.shape[1])
        return out
