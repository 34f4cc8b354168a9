"""From the numeric columns of a LAS file to channels: canonical curves first, everything else under its own name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, Channel, FloatArray
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.resolve import Aliases, Candidate, CurveMatch, load_aliases, resolve
from aemodels.io.las.header import LasCurve
from aemodels.io.las.null_values import STANDARD_NULLS, extremes
from aemodels.io.las.unit_check import judge_unit

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
MIN_SENTINEL_MAGNITUDE = 999.0
FLOAT32_MAX = float(np.finfo(np.float32).max)
REPEATED = 3  # a curve without known bounds: one sentinel may be a measurement

Values = NDArray[np.float64]


def to_channels(
    curves: Sequence[LasCurve], columns: Sequence[Values], aliases: Aliases | None = None
) -> tuple[FloatArray, tuple[Channel, ...], tuple[Finding, ...]]:
    """Name the curves and convert their units.

    Args:
        curves: header lines of the numeric columns, without the depth index.
        columns: one float64[sample] each, NaN = missing, in the file's units.

    Returns:
        (values float32[channel, sample], channels, findings), canonical curves first.
    """
    observed = [not np.isnan(extremes(column)[0]) for column in columns]
    candidates = [
        Candidate(c.name, c.mnemonic, c.unit, seen, c.order) for c, seen in zip(curves, observed, strict=True)
    ]
    aliases = aliases or load_aliases()
    matches, resolved = resolve(candidates, aliases)
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
    """Values in the canonical unit; None where they cannot be that curve."""
    canonical = CANONICAL[match.name]
    findings = []
    sentinel = _sentinels(column)
    if sentinel is not None:
        found = f"{int(sentinel.sum())} values like {column[sentinel][0]:g}"
        expected = f"{canonical.low:g}..{canonical.high:g} {canonical.unit}, or the file's NULL"
        findings.append(
            Finding("warning", "other-null", f"curve {curve.name}", found, expected, "these are read as missing")
        )
        column = np.where(sentinel, np.nan, column)
    factor, judged = judge_unit(column[np.isfinite(column)], curve, match, aliases)
    values = column * factor if factor not in (None, 1.0) else column
    return (None if factor is None else values), [*findings, *judged]


def _without_repeated_sentinels(column: Values, curve: LasCurve) -> tuple[Values, list[Finding]]:
    """A sentinel in a curve without known bounds counts as missing where it repeats."""
    hits = _sentinels(column)
    if hits is None or np.count_nonzero(hits) < REPEATED:
        return column, []
    found = f"{int(hits.sum())} values like {column[hits][0]:g}"
    expected = "the file's NULL where a value is missing"
    finding = Finding("warning", "other-null", f"curve {curve.name}", found, expected, "these are read as missing")
    return np.where(hits, np.nan, column), [finding]


def _sentinels(column: Values) -> BoolArray | None:
    """Where a program's own mark of a missing value stands; None where nowhere."""
    low, high = extremes(column)
    if not (
        low <= -MIN_SENTINEL_MAGNITUDE or high >= MIN_SENTINEL_MAGNITUDE
    ):  # few curves reach that: most are settled here
        return None
    marks = [mark for mark in SENTINELS if low <= mark <= high]
    hits = np.asarray(np.isin(column, marks), dtype=np.bool_)
    return hits if hits.any() else None


def _store(values: Values, row: FloatArray) -> None:
    """Into float32, values beyond its range becoming missing."""
    with np.errstate(over="ignore"):
        row[:] = values
    low, high = extremes(values)
    if low < -FLOAT32_MAX or high > FLOAT32_MAX:
        row[np.isinf(row)] = np.nan


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
