"""Missing values in a LAS file: NULL, its rounded forms, and infinities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.io.las.header import LasHeader

STANDARD_NULLS = (-999.25, -9999.0, -999.0)
INFINITIES = (np.inf, -np.inf)
MIN_NULL_MAGNITUDE = 900.0  # a NULL closer to zero may be a measured value


def clean(columns: list[NDArray[np.float64]], header: LasHeader) -> tuple[Finding, ...]:
    """Replace NULL values and infinities by NaN, in place.

    Args:
        columns: float64[sample] per curve.
        header: the header of the file.

    Returns:
        Findings about doubtful values.
    """
    nulls = header.nulls or STANDARD_NULLS
    rounded_nulls = _rounded(nulls) if header.nulls else ()
    hits = rounded = infinite = 0
    for column in columns:
        hits += drop_marks(column, nulls)
        low, high = extremes(column)
        rounded += drop_marks(column, [mark for mark in rounded_nulls if low <= mark <= high])
        infinite += drop_marks(column, [mark for mark in INFINITIES if mark in (low, high)])
    return tuple(_findings(header, hits, rounded, infinite))


def extremes(column: NDArray[np.float64]) -> tuple[float, float]:
    """Return the smallest and the largest value; NaN if there are none."""
    return float(np.fmin.reduce(column, initial=np.nan)), float(np.fmax.reduce(column, initial=np.nan))


def _rounded(nulls: tuple[float, ...]) -> tuple[float, ...]:
    # Programs with fewer decimals write -999.25 as -999.2 or -999.3.
    return tuple(
        {round(null + shift, 1) for null in nulls for shift in (-1e-9, 0.0, 1e-9) if abs(null) >= 999} - set(nulls)
    )


def drop_marks(column: NDArray[np.float64], marks: Sequence[float]) -> int:
    """Replace the marks by NaN, in place; return their number."""
    count = 0
    for mark in marks:
        hits = column == mark
        found = int(np.count_nonzero(hits))
        if found:
            column[hits] = np.nan
        count += found
    return count


def drop_usual_nulls(columns: Sequence[NDArray[np.float64]], missing: str) -> tuple[Finding, ...]:
    """Replace the usual NULL values and infinities by NaN, in place, in a table that cannot state a NULL of its own.

    Args:
        columns: float64[row] each.
        missing: how the format writes a missing value, for messages.

    Returns:
        Findings about them.
    """
    hits = sum(drop_marks(column, STANDARD_NULLS) for column in columns)
    infinite = sum(drop_marks(column, INFINITIES) for column in columns)
    findings: tuple[Finding, ...] = (infinite_values(infinite),) if infinite else ()
    if hits:
        found = f"{hits} values are {', '.join(f'{null:g}' for null in STANDARD_NULLS)}"
        expected, remedy = f"{missing} where a value is missing", "none needed: these are read as missing"
        findings += (Finding("info", "null-missing", "data", found, expected, remedy),)
    return findings


def infinite_values(count: int) -> Finding:
    """Return the finding about infinities that are read as missing."""
    found, remedy = f"{count} infinite values", "these are read as missing"
    return Finding("warning", "infinite", "data", found, "finite values", remedy)


def _findings(header: LasHeader, hits: int, rounded: int, infinite: int) -> list[Finding]:
    findings = []
    shown = ", ".join(f"{value:g}" for value in header.nulls or STANDARD_NULLS)
    if not header.nulls:
        found = f"not a number ({header.well.get('NULL', '')[:40]!r}); {hits} values are {shown}"
        remedy, expected = "these are read as missing; set NULL in the ~Well section", "the value for missing"
        findings.append(Finding("warning", "null-missing", "NULL", found, expected, remedy))
    if len(header.nulls) > 1:
        remedy = "all of them are read as missing; keep one"
        findings.append(Finding("warning", "null-conflict", "NULL", f"{shown}", "one NULL", remedy))
    if hits and any(abs(null) < MIN_NULL_MAGNITUDE for null in header.nulls):
        remedy = "they are read as missing, as stated in the header; use -999.25 if some were measured"
        found = f"{hits} values equal NULL = {shown}"
        findings.append(Finding("warning", "null-plausible", "NULL", found, "a value that no tool measures", remedy))
    if rounded:
        found = f"{rounded} values are NULL rounded to one decimal"
        findings.append(Finding("warning", "null-rounded", "data", found, shown, "these are read as missing"))
    if infinite:
        findings.append(infinite_values(infinite))
    return findings
