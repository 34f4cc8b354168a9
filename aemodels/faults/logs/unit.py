"""Unit: an interval of one curve in another unit, as after merging runs without conversion."""

from __future__ import annotations

from collections.abc import Container
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site

# wrong / canonical unit: NPHI in %, DTC in us/m, RHOB in kg/m3, resistivity in ohm.ft read as ohm.m
UNIT_FACTORS = {
    "NPHI": 100.0,
    "DTC": 1.0 / 0.3048,
    "DTS": 1.0 / 0.3048,
    "RHOB": 1000.0,
    "RDEP": 0.3048,
    "RMED": 0.3048,
    "RSHA": 0.3048,
}


class Unit(CurveFault):
    """An interval of one curve multiplied by the factor of a common unit mistake."""

    KNOWN: ClassVar[Container[str]] = UNIT_FACTORS

    kind: Literal["unit"] = "unit"
    length_m: MetreRange = Field(default=(10.0, 60.0), description="length of the interval in the wrong unit [m]")
    curves: tuple[str, ...] = Field(
        default=("RHOB", "NPHI", "DTC", "RDEP"),
        min_length=1,
        description="curves that may be affected; those without a common unit mistake are ignored",
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        factors = np.array([[UNIT_FACTORS[recording.names[row]]] for row in site.rows])
        scaled = recording.values[list(site.rows), site.window] * factors
        return np.asarray(scaled, dtype=np.float32)
