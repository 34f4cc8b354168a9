from __future__ import annotations

import pytest

from aemodels.core.errors import DataError
from aemodels.curves.canonical import CANONICAL, CanonicalCurve

DESIGN = {
    "GR": "gAPI",
    "RHOB": "g/cm3",
    "DRHO": "g/cm3",
    "NPHI": "v/v",
    "DTC": "us/ft",
    "DTS": "us/ft",
    "RDEP": "ohm.m",
    "RMED": "ohm.m",
    "RSHA": "ohm.m",
    "RXO": "ohm.m",
    "PEF": "b/e",
    "SP": "mV",
    "CALI": "in",
    "BS": "in",
}


def test_the_canonical_set_and_its_units():
    assert {name: curve.unit for name, curve in CANONICAL.items()} == DESIGN


def test_only_resistivity_is_logarithmic():
    assert {name for name, curve in CANONICAL.items() if curve.log} == {"RDEP", "RMED", "RSHA", "RXO"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RHOB", 2.65),  # quartz
        ("RHOB", 1.2),  # coal
        ("RHOB", 2.98),  # anhydrite
        ("NPHI", -0.02),  # anhydrite
        ("NPHI", 0.6),  # coal
        ("DTC", 43.5),  # dolomite
        ("DTC", 189.0),  # water
        ("DTS", 88.0),  # quartz
        ("PEF", 5.08),  # calcite
        ("PEF", 17.0),  # pyrite
        ("RDEP", 20000.0),  # tight carbonate, halite
        ("CALI", 26.0),  # top hole
        ("SP", -120.0),
    ],
)
def test_real_rocks_lie_within_bounds(name: str, value: float):
    assert CANONICAL[name].low <= value <= CANONICAL[name].high


@pytest.mark.parametrize(
    ("name", "value"), [("RHOB", 2650.0), ("NPHI", 21.0), ("DTC", 600.0), ("CALI", 311.0), ("RDEP", -999.25)]
)
def test_values_in_another_unit_lie_outside(name: str, value: float):
    assert not CANONICAL[name].low <= value <= CANONICAL[name].high


def test_bounds_are_checked():
    with pytest.raises(DataError, match="low < high"):
        CanonicalCurve("X", "m", 2.0, 1.0)
    with pytest.raises(DataError, match="> 0"):
        CanonicalCurve("X", "ohm.m", 0.0, 1.0, log=True)
