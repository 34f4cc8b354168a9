"""Canonical curves: names, units and physical bounds."""

from __future__ import annotations

from dataclasses import dataclass

from aemodels.core.errors import DataError


@dataclass(frozen=True)
class CanonicalCurve:
    """A standard curve with one name and one unit throughout sondeflow.

    Args:
        name: canonical mnemonic.
        unit: canonical unit.
        low: smallest value (in `unit`) that a working tool reports in a borehole.
        high: largest such value.
        log: True if the curve is modelled as log10 of its value.
        typical: smallest and largest plausible median (in `unit`) of a whole log; None = the bounds suffice.
        also_in: other common units, as spelled in aliases.yaml; a log without a unit that also fits one of these is
            ambiguous.

    Raises:
        DataError: if low >= high, or if `log` is set and low is not positive.
    """

    name: str
    unit: str
    low: float
    high: float
    log: bool = False
    typical: tuple[float, float] | None = None
    also_in: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise DataError(f"{self.name}: bounds are {self.low}..{self.high}; expected low < high")
        if self.log and self.low <= 0:
            raise DataError(f"{self.name}: low is {self.low}; expected > 0 for a logarithmic curve")


# Bounds are wide on purpose: values outside are tool faults or wrong units, never unusual rocks.
# Extremes of rocks: T. Darling, Well Logging and Formation Evaluation (2005);
# Schlumberger, Log Interpretation Charts (2009), appendix B (coal 1.2 g/cm3 to pyrite 5 g/cm3 in a thin bed,
# steel casing 57 us/ft, granite 50 us/ft, mud about 200 us/ft). Arms of slim calipers close to 1.5 in.
# Typical medians are those of rocks: no sediment is slower than the water in it (190 us/ft), none denser than
# anhydrite with ore. A log whose median lies outside has the wrong unit.
_CURVES = (
    CanonicalCurve("GR", "gAPI", 0.0, 1000.0),
    CanonicalCurve("RHOB", "g/cm3", 1.0, 3.5, typical=(1.4, 3.1), also_in=("KG/M3",)),
    CanonicalCurve("DRHO", "g/cm3", -1.0, 1.0),
    CanonicalCurve("NPHI", "v/v", -0.15, 1.0, typical=(-0.05, 0.75), also_in=("%",)),
    CanonicalCurve("DTC", "us/ft", 35.0, 300.0, typical=(42.0, 200.0), also_in=("US/M",)),
    CanonicalCurve("DTS", "us/ft", 50.0, 700.0, typical=(75.0, 650.0), also_in=("US/M",)),
    CanonicalCurve("RDEP", "ohm.m", 0.01, 100000.0, log=True),
    CanonicalCurve("RMED", "ohm.m", 0.01, 100000.0, log=True),
    CanonicalCurve("RSHA", "ohm.m", 0.01, 100000.0, log=True),
    CanonicalCurve("RXO", "ohm.m", 0.01, 100000.0, log=True),
    CanonicalCurve("PEF", "b/e", 0.0, 30.0),
    CanonicalCurve("SP", "mV", -500.0, 500.0),
    CanonicalCurve("CALI", "in", 1.4, 60.0, typical=(2.3, 45.0), also_in=("MM",)),
    CanonicalCurve("BS", "in", 2.0, 60.0, typical=(2.2, 45.0), also_in=("MM",)),
)

CANONICAL: dict[str, CanonicalCurve] = {curve.name: curve for curve in _CURVES}
