"""What marks a missing value in a LAS file: its NULL, where it has one and means it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.io.las.header import LasHeader

STANDARD_NULLS = (-999.25, -9999.0, -999.0)
INFINITIES = (np.inf, -np.inf)
UNLIKELY = 900.0  # a NULL nearer to zero than this is a value that tools measure


def clean(columns: list[NDArray[np.float64]], header: LasHeader) -> tuple[Finding, ...]:
    """Make NULL values and infinities missing, in place.

    Args:
        columns: one float64[sample] a curve.
        header: the file's header.

    Returns:
        What was doubtful.
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
    """The smallest and the largest value; NaN where there is none."""
    return float(np.fmin.reduce(column, initial=np.nan)), float(np.fmax.reduce(column, initial=np.nan))


def _rounded(nulls: tuple[float, ...]) -> tuple[float, ...]:
    # A writer with fewer decimals prints -999.25 as -999.2 or -999.3: the same mark, rounded.
    return tuple(
        {round(null + shift, 1) for null in nulls for shift in (-1e-9, 0.0, 1e-9) if abs(null) >= 999} - set(nulls)
    )


def drop_marks(column: NDArray[np.float64], marks: Sequence[float]) -> int:
    """Make the marks missing, in place; return how many there were."""
    count = 0
    for mark in marks:
        hits = column == mark
        found = int(np.count_nonzero(hits))
        if found:
            column[hits] = np.nan
        count += found
    return count


def infinite_values(count: int) -> Finding:
    """Return the finding about infinities that are read as missing."""
    found, remedy = f"{count} infinite values", "these are read as missing"
    return Finding("warning", "infinite", "data", found, "finite values", remedy)


def _findings(header: LasHeader, hits: int, rounded: int, infinite: int) -> list[Finding]:
    findings = []
    shown = ", ".join(f"{value:g}" for value in header.nulls or STANDARD_NULLS)
    if not header.nulls:
        found = f"no number ({header.well.get('NULL', '')[:40]!r}); {hits} values are {shown}"
        remedy, expected = "these are read as missing; state NULL in the ~Well section", "the value that marks missing"
        findings.append(Finding("warning", "null-missing", "NULL", found, expected, remedy))
    if len(header.nulls) > 1:
        remedy = "all of them are read as missing; keep one"
        findings.append(Finding("warning", "null-conflict", "NULL", f"{shown}", "one NULL", remedy))
    if hits and any(abs(null) < UNLIKELY for null in header.nulls):
        remedy = "they are read as missing, as the header says; use -999.25 if some were measured"
        found = f"{hits} values equal NULL = {shown}"
        findings.append(Finding("warning", "null-plausible", "NULL", found, "a value no tool measures", remedy))
    if rounded:
        found = f"{rounded} values are NULL rounded to one decimal"
        findings.append(Finding("warning", "null-rounded", "data", found, shown, "these are read as missing"))
    if infinite:
        findings.append(infinite_values(infinite))
    return findings
