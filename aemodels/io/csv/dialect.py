"""The dialect of a CSV file, decided from many rows: delimiter and decimal mark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from aemodels.io.las.header import parse_number

BLANK = " "  # any number of blanks
DELIMITERS = (",", ";", "\t", "|", BLANK)
MAX_NUMBER_LENGTH = 64  # characters; a longer cell is text
UNIT_BRACKETS = ("(", "[", "{")
NOT_A_NUMBER = "?"  # stands for cells that must not be taken for numbers
COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
POINT_NUMBER = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")
BLANKS = re.compile(" *")
UNIT_BEHIND = re.compile(r"([+-]?[\d.,]{1,40}(?:[eE][+-]?\d{1,3})?) {0,4}([^\W\d_]\S{0,15}|%|\")")
ROW_ENDS = (";", "|")
DecimalMark: TypeAlias = Literal[".", ","]


@dataclass(frozen=True)
class Dialect:
    """The delimiter between cells, and the mark before decimals."""

    delimiter: str
    decimal: DecimalMark

    @property
    def missing(self) -> str:
        """The text of a missing value: nothing, where that leaves a cell."""
        return "nan" if self.delimiter == BLANK else ""

    def number(self, cell: str) -> float | None:
        """Return the number that a cell holds; None for anything else."""
        return parse_number(self.number_text(cell))

    def number_text(self, cell: str) -> str:
        """Return a cell as numbers are written with a decimal point; `NOT_A_NUMBER` for what can be none.

        A point in a file with decimal commas may separate thousands or decimals: such a cell is not a number.

        >>> Dialect(";", ",").number_text("1500,25"), Dialect(";", ",").number_text("1.500")
        ('1500.25', '?')
        """
        if len(cell) > MAX_NUMBER_LENGTH or (self.decimal == "," and "." in cell):
            return NOT_A_NUMBER
        return cell.replace(",", ".") if self.decimal == "," else cell


def number_and_unit(cell: str) -> tuple[str, str]:
    """Return the text of a number and of the unit behind it; the cell and "" if there is none.

    >>> number_and_unit("85.2 us/ft"), number_and_unit("21%"), number_and_unit("F-1 C")
    (('85.2', 'us/ft'), ('21', '%'), ('F-1 C', ''))
    """
    found = UNIT_BEHIND.fullmatch(cell)
    return (found[1], found[2]) if found else (cell, "")


def find_row_end(lines: Sequence[str]) -> str:
    """Return the mark that ends the rows and delimits nothing; "" if there is none.

    >>> find_row_end(["DEPT,GR;", "1500,80.5;"]), find_row_end(["DEPT;GR;", "1500;80.5;"])
    (';', '')
    """
    for mark in ROW_ENDS:
        ended = [line for line in lines if line.rstrip().endswith(mark)]
        if 2 * len(ended) > len(lines) and all(line.count(mark) == 1 for line in ended):
            return mark
    return ""


def find_dialect(lines: Sequence[str]) -> Dialect | None:
    """Decide which dialect reads most cells of most rows as numbers, else as numbers with their units.

    Args:
        lines: the header row and rows of data.

    Returns:
        The dialect; None if no delimiter gives a table of at least two columns with numbers in it.
    """
    return _best_dialect(lines, units=False) or _best_dialect(lines, units=True)


def _best_dialect(lines: Sequence[str], *, units: bool) -> Dialect | None:
    found: dict[Dialect, tuple[float, int]] = {}
    for delimiter in DELIMITERS:
        rows = [split_row(line, delimiter) for line in lines[1:]]
        width = len(without_last_empty(split_names(lines[0], delimiter)))
        body = [row for row in rows if fits(row, width)]
        cells = [number_and_unit(cell)[0] if units else cell for row in body for cell in row if cell]
        dialect = Dialect(delimiter, _decimal_mark(cells))
        numbers = sum(dialect.number(cell) is not None for cell in cells)
        if width > 1 and (numbers or not rows):
            found[dialect] = (len(body) * numbers / max(len(rows) * len(cells), 1), width)
    return max(found, key=lambda dialect: found[dialect], default=None)


def split_row(line: str, delimiter: str) -> list[str]:
    """Split a line into cells without quotes and surrounding blanks; linear in its length.

    >>> split_row('1500; "a;b" ;2.5', ";")
    ['1500', 'a;b', '2.5']
    """
    body = line.strip("\r\n")
    if '"' not in body:
        return body.split() if delimiter == BLANK else [cell.strip() for cell in body.split(delimiter)]
    body = BLANK.join(body.split()) if delimiter == BLANK else body
    cells, at = [], 0
    while at <= len(body):
        cell, at = _next_cell(body, at, delimiter)
        cells.append(cell.strip())
    return cells


def split_names(line: str, delimiter: str) -> list[str]:
    """Split the header row; between blanks, a unit in brackets belongs to the name before it.

    >>> split_names("DEPT (m)  GR", " ")
    ['DEPT (m)', 'GR']
    """
    cells = split_row(line, delimiter)
    if delimiter != BLANK:
        return cells
    names: list[str] = []
    for cell in cells:
        if names and cell[:1] in UNIT_BRACKETS:
            names[-1] += f" {cell}"
        else:
            names.append(cell)
    return names


def without_last_empty(cells: list[str]) -> list[str]:
    """Return the cells of a header row that may end in a delimiter."""
    return cells[:-1] if cells and not cells[-1] else cells


def fits(cells: Sequence[str], width: int) -> bool:
    """Return whether a row has as many cells as there are columns, or ends in one more delimiter."""
    return len(cells) == width or (len(cells) == width + 1 > 1 and not cells[-1])


def _next_cell(body: str, at: int, delimiter: str) -> tuple[str, int]:
    """Return the cell that begins at a place, and where the next one begins."""
    blanks = BLANKS.match(body, at)
    start = at if blanks is None else blanks.end()
    if not body.startswith('"', start):
        stop = _find(body, delimiter, at)
        return body[at:stop], stop + 1
    end = body.find('"', start + 1)
    while end >= 0 and body.startswith('"', end + 1):
        end = body.find('"', end + 2)
    if end < 0:  # the quote is never closed
        return body[start + 1 :], len(body) + 1
    stop = _find(body, delimiter, end + 1)
    return body[start + 1 : end].replace('""', '"') + body[end + 1 : stop], stop + 1


def _find(body: str, delimiter: str, at: int) -> int:
    place = body.find(delimiter, at)
    return len(body) if place < 0 else place


def _decimal_mark(cells: Sequence[str]) -> DecimalMark:
    commas = sum(COMMA_NUMBER.fullmatch(cell) is not None for cell in cells)
    points = sum(POINT_NUMBER.fullmatch(cell) is not None for cell in cells)
    return "," if commas > points else "."
