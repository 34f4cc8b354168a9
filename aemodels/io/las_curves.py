"""From the numeric columns of a LAS file to channels: canonical curves first, everything else under its own name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aemodels.curves.canonical import CANONICAL, CanonicalCurve
from aemodels.curves.resolve import Aliases, Candidate, Match, load_aliases, normal_unit, resolve
from aemodels.io.las_header import LasCurve
from aemodels.io.las_null import STANDARD_NULLS
from aemodels.types import BoolArray, Channel, Finding, FloatArray

# Values that programs write for "missing" whatever the header says; no canonical curve can hold any of them.
SENTINELS = (
    *STANDARD_NULLS,
    -9999.25,
    -99999.0,
    -32767.0,
    -32768.0,
    32767.0,
    2147483647.0,
    -2147483647.0,
    -2147483648.0,
)
SMALLEST_SENTINEL = 999.0
EVIDENCE = 20  # values below which a contradicted unit is told, never mended
OUTLIERS = 0.01  # fraction of values at either end that prove nothing
REPEATED = 3  # a curve without known bounds: one sentinel may be a measurement


def to_channels(
    curves: Sequence[LasCurve], columns: Sequence[NDArray[np.float64]], aliases: Aliases | None = None
) -> tuple[FloatArray, tuple[Channel, ...], tuple[Finding, ...]]:
    """Name the curves and convert their units.

    Args:
        curves: header lines of the numeric columns, without the depth index.
        columns: one float64[sample] each, NaN = missing, in the file's units.

    Returns:
        (values float32[channel, sample], channels, findings), canonical curves first.
    """
    observed = [bool(np.isfinite(column).any()) for column in columns]
    candidates = [Candidate(c.name, c.mnemonic, c.unit, seen) for c, seen in zip(curves, observed, strict=True)]
    aliases = aliases or load_aliases()
    matches, resolved = resolve(candidates, aliases)
    findings = list(resolved)
    channels: list[Channel] = []
    rows: list[FloatArray] = []
    taken: set[int] = set()
    for match in matches:
        row, found, fits = _convert(columns[match.index], curves[match.index], match, aliases)
        findings += found
        if fits:
            channels.append(_channel(match.name, CANONICAL[match.name].unit, curves[match.index]))
            rows.append(row)
            taken.add(match.index)
    for index, curve in enumerate(curves):
        if index not in taken:
            channels.append(_channel(_own_name(curve.name, channels), curve.unit, curve))
            values, found = _without_repeated_sentinels(columns[index], curve)
            findings += found
            rows.append(_float32(values))
    return np.stack(rows), tuple(channels), tuple(findings)


def _convert(
    column: NDArray[np.float64], curve: LasCurve, match: Match, aliases: Aliases
) -> tuple[FloatArray, list[Finding], bool]:
    """Values in the canonical unit; whether they can be that curve at all."""
    canonical = CANONICAL[match.name]
    findings = []
    sentinel = _sentinels(column)
    if sentinel.any():
        found = f"{int(sentinel.sum())} values like {column[sentinel][0]:g}"
        expected = f"{canonical.low:g}..{canonical.high:g} {canonical.unit}, or the file's NULL"
        findings.append(
            Finding("warning", "other-null", f"curve {curve.name}", found, expected, "these are read as missing")
        )
    values = np.where(sentinel, np.nan, column) if sentinel.any() else column
    values = values * match.factor if match.factor not in (None, 1.0) else values
    observed = values[np.isfinite(values)]
    median = float(np.median(observed)) if observed.size else float("nan")
    plausible = not observed.size or canonical.low <= median <= canonical.high
    if match.factor is None:
        findings.append(_unit_missing(curve, canonical, median, plausible=plausible))
        return _float32(values), findings, plausible
    if match.factor != 1.0 or curve.mnemonic.upper() != match.name:
        findings.append(_converted(curve, canonical, match.factor))
    if not plausible:
        other = _other_unit(observed / match.factor, canonical, aliases)
        findings.append(_implausible(curve, canonical, median, other))
        values = values if other is None else values / match.factor * other[1]
    return _float32(values), findings, True


def _other_unit(observed: NDArray[np.float64], canonical: CanonicalCurve, aliases: Aliases) -> tuple[str, float] | None:
    """The one unit in which practically all values are possible; None where there is none, or a choice."""
    if observed.size < EVIDENCE:
        return None
    low, high = np.quantile(observed, OUTLIERS), np.quantile(observed, 1 - OUTLIERS)
    spellings = {factor: unit for unit, factor in reversed(list(aliases.units[canonical.unit].items()))}
    fitting = [
        (unit, factor)
        for factor, unit in spellings.items()
        if canonical.low <= low * factor and high * factor <= canonical.high
    ]
    return fitting[0] if len(fitting) == 1 else None


def _without_repeated_sentinels(
    column: NDArray[np.float64], curve: LasCurve
) -> tuple[NDArray[np.float64], list[Finding]]:
    """A sentinel in a curve without known bounds counts as missing where it repeats."""
    hits = _sentinels(column)
    if np.count_nonzero(hits) < REPEATED:
        return column, []
    found = f"{int(hits.sum())} values like {column[hits][0]:g}"
    expected = "the file's NULL where a value is missing"
    finding = Finding("warning", "other-null", f"curve {curve.name}", found, expected, "these are read as missing")
    return np.where(hits, np.nan, column), [finding]


def _sentinels(column: NDArray[np.float64]) -> BoolArray:
    large = np.abs(column) >= SMALLEST_SENTINEL  # few curves reach that: most are settled here
    return np.asarray(np.isin(column, SENTINELS) if large.any() else large, dtype=np.bool_)


def _float32(column: NDArray[np.float64]) -> FloatArray:
    """To float32, values beyond its range becoming missing."""
    with np.errstate(over="ignore"):
        values = column.astype(np.float32)
    beyond = np.isinf(values)
    return np.where(beyond, np.float32(np.nan), values) if beyond.any() else values


def _channel(name: str, unit: str, curve: LasCurve) -> Channel:
    headers = {"mnemonic": curve.mnemonic, "original_unit": curve.unit, "description": curve.description}
    return Channel(name, unit, headers)


def _own_name(name: str, channels: list[Channel]) -> str:
    """A curve's own name, marked where it would pass for a canonical curve, and made unique."""
    name = f"{name}:raw" if name in CANONICAL else name
    used = {channel.name for channel in channels}
    number, unique = 2, name
    while unique in used:
        unique, number = f"{name}:{number}", number + 1
    return unique


def _converted(curve: LasCurve, canonical: CanonicalCurve, factor: float) -> Finding:
    code = "unit-converted" if factor != 1.0 else "curve-renamed"
    found = f"{curve.mnemonic} in {curve.unit}"
    return Finding(
        "info",
        code,
        f"curve {curve.name}",
        found,
        f"{canonical.name} in {canonical.unit}",
        f"multiplied by {factor:.10g}",
    )


def _unit_missing(curve: LasCurve, canonical: CanonicalCurve, median: float, *, plausible: bool) -> Finding:
    found = f"no unit ({normal_unit(curve.unit)!r}), median {median:g}"
    expected = f"{canonical.unit}, {canonical.low:g}..{canonical.high:g}"
    remedy = f"read as {canonical.name} in {canonical.unit}" if plausible else f"not used as {canonical.name}"
    return Finding(
        "warning",
        "unit-missing",
        f"curve {curve.name}",
        found,
        expected,
        f"{remedy}; state the unit in the ~Curve section",
    )


def _implausible(curve: LasCurve, canonical: CanonicalCurve, median: float, other: tuple[str, float] | None) -> Finding:
    found = f"median {median:g} {canonical.unit}"
    expected = f"{canonical.low:g}..{canonical.high:g} {canonical.unit}"
    where = f"curve {curve.name}"
    if other is None:
        remedy = "check the unit in the ~Curve section; used as it stands"
        return Finding("warning", "implausible-values", where, found, expected, remedy)
    remedy = f"read as {other[0]}, the one unit that fits: multiplied by {other[1]:.10g}; correct the ~Curve section"
    return Finding("warning", "unit-contradicted", where, f"unit {curve.unit!r}, {found}", expected, remedy)
