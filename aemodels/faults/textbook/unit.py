"""Scale mistakes of the textbook family: another unit, or another lithology's neutron."""

from __future__ import annotations

from collections.abc import Container
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site

# Gain and offset of what is written instead of the canonical reading.
WRITTEN: dict[str, tuple[tuple[float, float], ...]] = {
    "GR": ((1 / 16.5, 0.0), (1.4, 0.0), (0.7, 0.0)),  # micrograms of radium, no correction for the hole, another mud
    "RHOB": ((1000.0, 0.0), (1.0, -0.2), (1.0, 0.2)),  # kg/m3, correction with the wrong sign or twice
    "NPHI": ((100.0, 0.0), (1.0, 0.06), (1.0, -0.06)),  # per cent, sandstone or dolomite instead of limestone
    "DTC": ((3.28084, 0.0), (1.15, 0.0), (0.85, 0.0)),  # us/m, wrong spacing of the receivers
    "RDEP": ((3.28084, 0.0), (1000.0, 0.0), (0.001, 0.0)),  # ohm.ft, mmho and kohm
}


class TextbookUnit(CurveFault):
    """Write an interval of one curve in another unit, or with another correction."""

    KNOWN: ClassVar[Container[str]] = WRITTEN
    label: ClassVar[str] = "unit"

    kind: Literal["unit_textbook"] = "unit_textbook"
    length_m: MetreRange = Field(default=(8.0, 80.0), description="length of the interval [m]")
    curves: tuple[str, ...] = Field(
        default=tuple(WRITTEN), min_length=1, description="curves that may be hit; only those listed here count"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        for position, row in enumerate(site.rows):
            gain, offset = WRITTEN[recording.names[row]][int(rng.integers(3))]
            out[position] = out[position] * gain + offset
        return out.astype(np.float32)
