"""Check of a curve's unit against its values, with detection of the correct unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.curves.canonical import CANONICAL, CanonicalCurve
from aemodels.curves.resolve import CurveMatch
from aemodels.curves.tables import Aliases, normal_unit, unit_factor
from aemodels.io.las.header import LasCurve

MIN_VALUES = 20  # with fewer values, a wrong or missing unit is reported but not corrected
PERCENT = 0.01
MIN_FRACTION = 0.03  # median and spread of porosities that are fractions; in percent they would be zero
MAX_OUTLIER_SHARE = 0.01  # share of values at either end that is ignored

Values = NDArray[np.float64]
Unit = tuple[str, float]


def judge_unit(
    observed: Values, curve: LasCurve, match: CurveMatch, aliases: Aliases
) -> tuple[float | None, tuple[Finding, ...]]:
    """Return the factor to the canonical unit, checked against the values.

    A unit is corrected if the values are impossible in the stated one (or, if none is stated, in the canonical one)
    and exactly one other known unit fits practically all of them.

    Args:
        observed: float64[n], the finite values in the unit of the file.
        curve: description of the curve in the file.
        match: canonical curve and factor from mnemonic and unit.
        aliases: mnemonics and units.

    Returns:
        (factor, findings); the factor is None if the curve cannot be used as `match.name`.
    """
    canonical = CANONICAL[match.name]
    if match.factor is None:
        return _without_unit(observed, curve, canonical, aliases)
    findings: tuple[Finding, ...] = ()
    if match.factor != 1.0 or curve.mnemonic.upper() != match.name:
        findings += (_converted(curve, canonical, match.factor),)
    if not observed.size:
        return match.factor, findings
    if _is_fraction(observed, canonical, match.factor):
        found = f"unit {curve.unit!r}, values up to {float(np.percentile(observed, 99)):g}"
        remedy = f"read as {canonical.unit}, the one unit that fits: multiplied by 1; correct the {curve.section}"
        expected = "porosities of several percent"
        return 1.0, (Finding("warning", "unit-contradicted", f"curve {curve.name}", found, expected, remedy),)
    if _likely(observed, canonical, match.factor):
        return match.factor, findings
    others = [unit for unit in _fitting(observed, canonical, aliases) if unit[1] != match.factor]
    corrected = len(others) == 1 and not _possible(observed, canonical, match.factor)
    findings += (_implausible(observed, curve, (canonical, match.factor), others[0] if corrected else None),)
    return others[0][1] if corrected else match.factor, findings


def _is_fraction(observed: Values, canonical: CanonicalCurve, factor: float) -> bool:
    """Return True for a porosity, stated in percent or without unit, that can only be a fraction.

    In percent, none of its values would exceed 1 %, and yet they vary.
    """
    if factor == 1.0 or canonical.unit != "v/v" or observed.size < MIN_VALUES:
        return False
    low, middle, high = np.percentile(observed, (5, 50, 99))
    return bool(high <= 1.0 and low > canonical.low and middle >= MIN_FRACTION and high - low >= MIN_FRACTION)


def _without_unit(
    observed: Values, curve: LasCurve, canonical: CanonicalCurve, aliases: Aliases
) -> tuple[float | None, tuple[Finding, ...]]:
    own = (canonical.unit, 1.0)
    if not observed.size:
        return 1.0, (_unit_missing(observed, curve, canonical, [own]),)
    fitting = _fitting(observed, canonical, aliases)
    if _is_fraction(observed, canonical, PERCENT):
        units = [own]
    elif _likely(observed, canonical, 1.0):
        usual = {unit_factor(unit, canonical.unit, aliases) for unit in canonical.also_in}
        units = [own, *(unit for unit in fitting if unit[1] in usual)]
    else:
        units = fitting
    factor = units[0][1] if len(units) == 1 else None
    return factor, (_unit_missing(observed, curve, canonical, units),)


def _fitting(observed: Values, canonical: CanonicalCurve, aliases: Aliases) -> list[Unit]:
    """Return the known units, one spelling each, in which practically all values are possible and the median likely."""
    if observed.size < MIN_VALUES:
        return []
    spellings = {factor: unit for unit, factor in reversed(list(aliases.units[canonical.unit].items()))}
    return [
        (unit, factor)
        for factor, unit in spellings.items()
        if _possible(observed, canonical, factor) and _likely(observed, canonical, factor)
    ]


def _possible(observed: Values, canonical: CanonicalCurve, factor: float) -> bool:
    """Return True if practically all values lie within the physical bounds."""
    values = observed * factor
    outside = max(np.count_nonzero(values < canonical.low), np.count_nonzero(values > canonical.high))
    return bool(outside <= MAX_OUTLIER_SHARE * observed.size)


def _likely(observed: Values, canonical: CanonicalCurve, factor: float) -> bool:
    """Return True if the median is plausible for rocks."""
    low, high = canonical.typical or (canonical.low, canonical.high)
    values = observed * factor if factor != 1.0 else observed
    inside = np.count_nonzero((values >= low) & (values <= high))
    if 2 * inside > values.size:  # the median is inside too
        return True
    return bool(low <= np.median(values) <= high)


def _converted(curve: LasCurve, canonical: CanonicalCurve, factor: float) -> Finding:
    code = "unit-converted" if factor != 1.0 else "curve-renamed"
    found, expected = f"{curve.mnemonic} in {curve.unit}", f"{canonical.name} in {canonical.unit}"
    return Finding("info", code, f"curve {curve.name}", found, expected, f"multiplied by {factor:.10g}")


def _unit_missing(observed: Values, curve: LasCurve, canonical: CanonicalCurve, units: list[Unit]) -> Finding:
    median = float(np.median(observed)) if observed.size else float("nan")
    names = " or ".join(unit for unit, _ in units)
    if len(units) != 1:
        remedy = f"not used as {canonical.name}" + (f": it may be in {names}" if units else "")
    elif units[0][1] == 1.0:
        remedy = f"read as {canonical.name} in {names}"
    else:
        remedy = f"read as {canonical.name} in {names}, the one unit that fits: multiplied by {units[0][1]:.10g}"
    return Finding(
        "warning",
        "unit-missing",
        f"curve {curve.name}",
        f"no unit ({normal_unit(curve.unit)!r}), median {median:g}",
        _expected(canonical),
        f"{remedy}; add the unit in the {curve.section}",
    )


def _implausible(
    observed: Values, curve: LasCurve, stated: tuple[CanonicalCurve, float], other: Unit | None
) -> Finding:
    canonical, factor = stated
    found = f"median {float(np.median(observed)) * factor:g} {canonical.unit}"
    where = f"curve {curve.name}"
    if other is None:
        remedy = f"check the unit in the {curve.section}; used unchanged"
        return Finding("warning", "implausible-values", where, found, _expected(canonical), remedy)
    found = f"unit {curve.unit!r}, {found}"
    remedy = f"read as {other[0]}, the one unit that fits: multiplied by {other[1]:.10g}; correct the {curve.section}"
    return Finding("warning", "unit-contradicted", where, found, _expected(canonical), remedy)


def _expected(canonical: CanonicalCurve) -> str:
    if canonical.typical is None:
        return f"{canonical.low:g}..{canonical.high:g} {canonical.unit}"
    low, high = canonical.typical
    return f"a median of {low:g}..{high:g} {canonical.unit}"
