"""Commas in numbers: decimal marks or separators of thousands, decided from all columns of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from aemodels.core.findings import Finding
from aemodels.io.las.file_sections import refusal

GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
GROUPED_WITH_POINT = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+\.\d*")
DECIMAL = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d{1,3})?")
DECIMAL_WITH_POINTS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+,\d+")
APOSTROPHES = re.compile(r"([+-]?[1-9]\d{0,2}(?:['’]\d{3})+)(\.\d*|,\d+)?")
MIN_GROUPED = 3  # of fewer cells with a comma that may be both, among others without, nothing is concluded
Meaning: TypeAlias = Literal["decimal", "thousands"]


@dataclass
class Commas:
    """Counts of the cells of a column by what their commas can be.

    Args:
        decimal: cells whose comma can only be a decimal mark, as 79,05.
        thousands: cells whose commas can only separate thousands, as 1,500.25.
        either: cells that can be both, as 1,500.
        points: cells with a decimal point and no comma.
        integers: cells without comma and point below 900 in magnitude (larger ones may stand for missing values).
        large: cells of 1000 or more without a comma.
    """

    decimal: int = 0
    thousands: int = 0
    either: int = 0
    points: int = 0
    integers: int = 0
    large: int = 0

    @property
    def cells(self) -> int:
        """Number of cells with a comma."""
        return self.decimal + self.thousands + self.either


def read_commas(cell: str) -> tuple[float | None, float | None]:
    """Return the value of a cell with commas as a decimal number and with separated thousands; None if it is not one.

    >>> read_commas("1,500"), read_commas("1,500.5"), read_commas("1.500,5"), read_commas("0,212")
    ((1.5, 1500.0), (None, 1500.5), (1500.5, None), (0.212, None))
    """
    thousands = GROUPED.fullmatch(cell) or GROUPED_WITH_POINT.fullmatch(cell)
    grouped = float(cell.replace(",", "")) if thousands else None
    if DECIMAL.fullmatch(cell):
        return float(cell.replace(",", ".")), grouped
    if DECIMAL_WITH_POINTS.fullmatch(cell):
        return float(cell.replace(".", "").replace(",", ".")), None
    return None, grouped


def without_apostrophes(cell: str) -> str:
    """Return a number without the apostrophes between its thousands; any other cell as it is.

    >>> without_apostrophes("2'180.4"), without_apostrophes("5'8")
    ('2180.4', "5'8")
    """
    found = APOSTROPHES.fullmatch(cell)
    return cell if found is None else found[1].replace("'", "").replace("’", "") + (found[2] or "")


def meaning_of(column: Commas, others: Sequence[Commas]) -> Meaning | None:
    """Decide what the commas of a column are.

    Args:
        column: the column; it has commas.
        others: all columns of the file.

    Returns:
        The meaning; None if the cells do not decide.
    """
    if column.decimal and not (column.thousands or column.points):
        return "decimal"
    if column.decimal:
        return None
    if column.thousands:
        return "thousands"
    if column.points or column.integers:
        return "thousands" if column.either >= MIN_GROUPED and not column.large else None
    decimals, points = sum(other.decimal for other in others), sum(other.points for other in others)
    if bool(decimals) == bool(points):
        return None
    return "decimal" if decimals else "thousands"


def thousands_finding(name: str, first: tuple[int, str], count: int, rows: int) -> Finding:
    """Return the finding about separated thousands."""
    found = f"{first[1][:80]!r}; {count} of {rows} cells have commas or apostrophes between thousands"
    remedy = "they are read as separators of thousands; write numbers without them"
    return Finding("warning", "thousands-separator", f"curve {name}, line {first[0] + 1}", found, "a number", remedy)


def ambiguous(name: str, first: tuple[int, str]) -> Exception:
    """Return the error about commas that nothing in the file decides."""
    decimal, thousands = read_commas(first[1])
    found = f"{first[1][:80]!r}, which is {decimal:.15g} with a decimal comma and {thousands:.15g} with thousands"
    expected = "numbers that can be read in one way only"
    remedy = "write a decimal point, or no separator of thousands; STRT decides for the depth"
    return refusal("comma-ambiguous", f"curve {name}, line {first[0] + 1}", found, expected, remedy)
