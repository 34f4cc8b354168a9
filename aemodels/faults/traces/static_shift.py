"""Static shift: a trace that starts too early or too late."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import Site, TraceFault

Milliseconds = Annotated[float, Field(gt=0.0, le=500.0)]


class StaticShift(TraceFault):
    """A trace shifted in time, padded with zeros: an uncorrected static or a wrong start of recording.

    References:
        Yilmaz, O. (2001), Seismic Data Analysis, SEG, section 3.4 (statics).
    """

    kind: Literal["static_shift"] = "static_shift"
    shift_ms: tuple[Milliseconds, Milliseconds] = Field(
        default=(8.0, 40.0), description="size of the shift [ms]; earlier or later at random"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        shift = rng.uniform(*self.shift_ms) * rng.choice([-1.0, 1.0]) / 1000.0
        time = recording.axis
        out = recording.values[list(site.rows), site.window].copy()
        for position, row in enumerate(site.rows):
            observed = np.isfinite(recording.values[row])
            out[position] = np.interp(
                time[site.window] - shift, time[observed], recording.values[row, observed], left=0.0, right=0.0
            )
        return out
