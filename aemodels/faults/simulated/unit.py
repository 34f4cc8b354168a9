"""Scale mistakes of the simulated family: conversions, calibrations and matrix settings of merged runs."""

from __future__ import annotations

from collections.abc import Container
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site

# What may have been written instead of the canonical reading: (gain, offset) of each mistake.
MISTAKES: dict[str, tuple[tuple[float, float], ...]] = {
    "GR": ((2.0, 0.0), (0.5, 0.0), (1.6, 20.0)),  # counts, another calibration
    "RHOB": ((1000.0, 0.0), (62.428, 0.0), (0.8, 0.0), (1.0, -0.45)),  # kg/m3, lb/ft3, a lost correction
    "NPHI": ((100.0, 0.0), (1.0, 0.18), (0.5, 0.0)),  # per cent, another matrix, another calibration
    "DTC": ((3.28084, 0.0), (0.3048, 0.0), (1.0, 45.0)),  # us/m, converted twice, delay not taken off
    "RDEP": ((0.3048, 0.0), (3.28084, 0.0), (10.0, 0.0), (0.1, 0.0)),  # ohm.ft, a wrong track scale
}


class SimulatedUnit(CurveFault):
    """Replace an interval of one curve by what a wrong conversion or calibration would have written."""

    KNOWN: ClassVar[Container[str]] = MISTAKES
    label: ClassVar[str] = "unit"

    kind: Literal["unit_simulated"] = "unit_simulated"
    length_m: MetreRange = Field(default=(6.0, 90.0), description="length of the interval [m]")
    curves: tuple[str, ...] = Field(
        default=tuple(MISTAKES),
        min_length=1,
        description="curves that may be hit; only those with a known mistake count",
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        for position, row in enumerate(site.rows):
            mistakes = MISTAKES[recording.names[row]]
            gain, offset = mistakes[int(rng.integers(len(mistakes)))]
            out[position] = out[position] * gain + offset
        return out.astype(np.float32)
