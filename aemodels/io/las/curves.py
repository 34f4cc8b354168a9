"""Conversion of numeric columns to channels: canonical curves first, the others under their own names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, Channel, FloatArray
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.resolve import Candidate, CurveMatch, resolve
from aemodels.curves.tables import Aliases, load_aliases
from aemodels.io.las.header import LasCurve
from aemodels.io.las.null_values import STANDARD_NULLS, extremes
from aemodels.io.las.unit_check import judge_unit

# Common markers of missing values, used whatever the header states; none is a possible reading of a canonical curve.
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
MIN_SENTINEL_MAGNITUDE = 999.0
UNDEFINED = tuple(sign * float(f"1e{power}") for power in range(30, 38) for sign in (1, -1))
UNDEFINED += tuple(sign * mark for mark in (3.40282e38, 3.402823e38, 3.4028234e38, 3.4028235e38) for sign in (1, -1))
POSITIVE_SENTINELS = (9999.0, 9999.25, 99999.0, 999999.0, 999.25)  # where the next smaller value is far below
ALL_MARKS = np.array((*SENTINELS, *UNDEFINED, *POSITIVE_SENTINELS), dtype=np.float32)
MIN_SENTINEL_RATIO = 4.0  # of such a mark to the largest other value
FLOAT32_MAX = float(np.finfo(np.float32).max)
MIN_REPEATS = 3  # in a curve without known bounds, where a single one may be a measurement

Values = NDArray[np.float64]


def to_channels(
    curves: Sequence[LasCurve], columns: Sequence[Values], aliases: Aliases | None = None
) -> tuple[FloatArray, tuple[Channel, ...], tuple[Finding, ...]]:
    """Match curves with canonical ones and convert their units.

    Args:
        curves: descriptions of the numeric columns, without the depth index.
        columns: float64[sample] per curve, NaN = missing, in the units of the file.
        aliases: mnemonics and units; None = those of the package.

    Returns:
        (values float32[channel, sample], channels, findings), canonical curves first.
    """
    observed = [not np.isnan(extremes(column)[0]) for column in columns]
    candidates = [
        Candidate(c.name, c.mnemonic, c.unit, seen, c.order, c.description)
        for c, seen in zip(curves, observed, strict=True)
    ]
    aliases = aliases or load_aliases()

    def same(first: int, second: int) -> bool:
        return np.array_equal(columns[first], columns[second], equal_nan=True)

    matches, resolved = resolve(candidates, aliases, same=same)
    findings = list(resolved)
    channels: list[Channel] = []
    rows = np.empty((len(columns), len(columns[0])), dtype=np.float32)
    taken: set[int] = set()
    for match in matches:
        values, found = _convert(columns[match.index], curves[match.index], match, aliases)
        findings += found
        if values is not None:
            _store(values, rows[len(channels)])
            channels.append(_channel(match.name, CANONICAL[match.name].unit, curves[match.index]))
            taken.add(match.index)
    for index, curve in enumerate(curves):
        if index not in taken:
            values, found = _without_repeated_sentinels(columns[index], curve)
            findings += found
            _store(values, rows[len(channels)])
            channels.append(_channel(_own_name(curve.name, channels), curve.unit, curve))
    return rows, tuple(channels), tuple(findings)


def _convert(
    column: Values, curve: LasCurve, match: CurveMatch, aliases: Aliases
) -> tuple[Values | None, list[Finding]]:
    """Return the values in the canonical unit; None if they cannot be that curve."""
    canonical = CANONICAL[match.name]
    findings = []
    sentinel = _sentinels(column, canonical.high / (match.factor or 1.0))
    if sentinel is not None:
        found = f"{int(sentinel.sum())} values like {column[sentinel][0]:g}"
        expected = f"{canonical.low:g}..{canonical.high:g} {canonical.unit}, or the NULL of the file"
        findings.append(
            Finding("warning", "other-null", f"curve {curve.name}", found, expected, "these are read as missing")
        )
        column = np.where(sentinel, np.nan, column)
    factor, judged = judge_unit(column[np.isfinite(column)], curve, match, aliases)
    values = column * factor if factor not in (None, 1.0) else column
    return (None if factor is None else values), [*findings, *judged]


def _without_repeated_sentinels(column: Values, curve: LasCurve) -> tuple[Values, list[Finding]]:
    """Replace a repeated sentinel by NaN in a curve without known bounds."""
    hits = _sentinels(column)
    if hits is None or (np.count_nonzero(hits) < MIN_REPEATS and not np.isin(column[hits], UNDEFINED).all()):
        return column, []
    found = f"{int(hits.sum())} values like {column[hits][0]:g}"
    expected = "the NULL of the file for missing values"
    finding = Finding("warning", "other-null", f"curve {curve.name}", found, expected, "these are read as missing")
    return np.where(hits, np.nan, column), [finding]


def _sentinels(column: Values, limit: float = np.inf) -> BoolArray | None:
    """Find sentinels (common markers of missing values): bool[sample], None if there are none.

    Args:
        column: the values.
        limit: largest possible value of the curve; a positive mark must be above it.
    """
    low, high = extremes(column)
    if not (low <= -MIN_SENTINEL_MAGNITUDE or high >= MIN_SENTINEL_MAGNITUDE):  # true for most curves
        return None
    marks = [mark for mark in SENTINELS if low <= mark <= high]
    hits = np.asarray(np.isin(column, marks), dtype=np.bool_)
    if max(-low, high) >= UNDEFINED[0]:
        hits |= np.isin(column, UNDEFINED)
    for mark in POSITIVE_SENTINELS:
        if (mark <= high and mark > limit) or (mark == high and np.count_nonzero(column == mark) >= MIN_REPEATS):
            others = extremes(column[(column != mark) & ~hits])[1]
            if mark > limit or MIN_SENTINEL_RATIO * others < mark:
                hits |= column == mark
    return hits if hits.any() else None


def _store(values: Values, row: FloatArray) -> None:
    """Store values as float32; values beyond its range become NaN."""
    with np.errstate(over="ignore"):
        row[:] = values
    low, high = extremes(values)
    if low < -FLOAT32_MAX or high > FLOAT32_MAX:
        row[np.isinf(row)] = np.nan


def _channel(name: str, unit: str, curve: LasCurve) -> Channel:
    headers = {"mnemonic": curve.mnemonic, "original_unit": curve.unit, "description": curve.description}
    told = {"tool": curve.tool, "api_code": curve.api_code}
    return Channel(name, unit, headers | {key: text for key, text in told.items() if text})


def _own_name(name: str, channels: list[Channel]) -> str:
    """Return a unique name of a curve, with a suffix if it is a canonical name."""
    name = f"{name}:raw" if name in CANONICAL else name
    used = {channel.name for channel in channels}
    number, unique = 2, name
    while unique in used:
        unique, number = f"{name}:{number}", number + 1
    return unique
