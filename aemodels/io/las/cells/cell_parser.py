"""Strict conversion of text cells to columns of numbers, one chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.io.las.cells.column_widths import BLANK
from aemodels.io.las.cells.commas import (
    MIN_GROUPED,
    Commas,
    Meaning,
    ambiguous,
    meaning_of,
    read_commas,
    thousands_finding,
    without_apostrophes,
)
from aemodels.io.las.cells.missing_words import MISSING_WORDS, is_missing
from aemodels.io.las.header_lines import parse_number

TEXT_LIMIT = 0.5  # a column with a larger share of words is text, not a curve with gaps
SMALLEST_GROUPED = 900.0  # smaller numbers have no separator of thousands; larger ones may be NULL
LARGEST_PLAIN = 1000.0  # where thousands are separated, no larger number is without a comma
CHUNK_ROWS = 4096  # rows held as text at a time; cells as Python strings take five times the size of the file

REMEDIES = {
    "decimal-comma": "the comma is read as a decimal separator; write a point",
    "text-column": "the column is skipped, the others are used; remove text from the data section",
    "unreadable-cell": "the cells are read as missing; write the file's NULL value",
    "missing-word": "the cells are read as missing; write the file's NULL value",
}


class Column:
    """A column while it is read.

    Args:
        name: name of the curve.
    """

    remedies: ClassVar[Mapping[str, str]] = REMEDIES

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = self.words = self.failed = self.missing = 0
        self.commas = Commas()
        self.apostrophes = 0
        self.first_apostrophe: tuple[int, str] | None = None
        self.meaning: Meaning | None = None
        self.first_word: tuple[int, str] | None = None
        self.first_comma: tuple[int, str] | None = None
        self.first_missing: tuple[int, str] | None = None
        # As numbers with decimal points; the same where commas are decimal marks, and where they separate thousands.
        self.parts: list[NDArray[np.float64]] = []
        self.decimal_parts: list[NDArray[np.float64]] = []
        self.thousands_parts: list[NDArray[np.float64]] = []

    def extend(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Append cells, with their line indices."""
        texts = self.texts(cells)
        try:
            values = pa.array(texts, pa.string()).cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
            points = any("." in cell for cell in cells)
            self.commas.points += points
            self.commas.integers += 0 if points else int(np.count_nonzero(np.abs(values) < SMALLEST_GROUPED))
            self.commas.large += bool((values >= LARGEST_PLAIN).any())
            decimal = thousands = values
        except pa.ArrowInvalid:
            values, decimal, thousands = self._cell_by_cell(cells, texts, lines)
        self.parts.append(values)
        self.decimal_parts.append(decimal)
        self.thousands_parts.append(thousands)
        self.rows += len(cells)

    def texts(self, cells: Sequence[str]) -> Sequence[str | None]:
        """Return the cells as numbers are written with a point; None for a cell that is missing without a finding."""
        return cells

    def _cell_by_cell(
        self, cells: Sequence[str], texts: Sequence[str | None], lines: Sequence[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        values = np.full(len(cells), np.nan)
        decimal, thousands = values.copy(), values.copy()
        for row, (cell, text, line) in enumerate(zip(cells, texts, lines, strict=True)):
            if text is None or cell == BLANK:
                continue
            number = parse_number(text)
            if number is None and "'" in text:
                number = parse_number(without_apostrophes(text))
                self.apostrophes += number is not None
                self.first_apostrophe = self.first_apostrophe or ((line, cell) if number is not None else None)
            if number is not None:
                values[row] = decimal[row] = thousands[row] = number
                self.commas.points += "." in cell
                self.commas.integers += "." not in cell and abs(number) < SMALLEST_GROUPED
                self.commas.large += number >= LARGEST_PLAIN
            elif cell.lower() in MISSING_WORDS:
                self.missing += 1
                self.first_missing = self.first_missing or (line, cell)
            elif "," in cell and (read := read_commas(cell)) != (None, None):
                self._count_commas(read, (line, cell))
                decimal[row], thousands[row] = (np.nan if value is None else value for value in read)
            else:
                self.words += 1
                self.failed += is_missing(cell)
                self.first_word = self.first_word or (line, cell)
        return values, decimal, thousands

    def _count_commas(self, read: tuple[float | None, float | None], at: tuple[int, str]) -> None:
        self.first_comma = self.first_comma or at
        self.commas.decimal += read[1] is None
        self.commas.thousands += read[0] is None
        self.commas.either += None not in read

    def values(self) -> NDArray[np.float64]:
        """Return the values float64[row], NaN if a cell is not a number."""
        parts = {"decimal": self.decimal_parts, "thousands": self.thousands_parts, None: self.parts}[self.meaning]
        return np.concatenate(parts) if parts else np.empty(0)

    def findings(self) -> list[Finding]:
        """Return the findings about the cells; none if all are numbers."""
        found = []
        words, first = self.words, self.first_word
        if self.first_comma is not None and self.meaning is None:
            words, first = words + self.commas.cells, first or self.first_comma
        elif self.first_comma is not None and self.meaning == "decimal":
            found.append(self._finding("decimal-comma", self.first_comma, self.commas.cells))
        elif self.first_comma is not None:
            found.append(thousands_finding(self.name, self.first_comma, self.commas.cells, self.rows))
        if self.first_apostrophe is not None:
            found.append(thousands_finding(self.name, self.first_apostrophe, self.apostrophes, self.rows))
        if first is not None:
            text = words - self.failed > TEXT_LIMIT * (self.rows - self.failed - self.missing)
            found.append(self._finding("text-column" if text else "unreadable-cell", first, words))
        elif self.first_missing is not None:
            found.append(self._finding("missing-word", self.first_missing, self.missing))
        return found

    def _finding(self, code: str, first: tuple[int, str], count: int) -> Finding:
        return Finding(
            "info" if code == "missing-word" else "warning",
            code,
            f"curve {self.name}, line {first[0] + 1}",
            f"{first[1][:80]!r}; {count} of {self.rows} cells are not plain numbers",
            "a number",
            self.remedies[code],
        )


def settle_commas(columns: Sequence[Column], start: float | None) -> None:
    """Decide in each column with commas if they are decimal marks or separate thousands.

    Args:
        columns: all columns of the file, the depth first.
        start: STRT, which decides for the depth if its cells do not; None if unknown.

    Raises:
        UnreadableFileError: if nothing decides.
    """
    marked = [column for column in columns if column.first_comma is not None]
    kinds = [column.commas for column in columns]
    for column in marked:
        column.meaning = meaning_of(column.commas, kinds)
    if columns and columns[0] in marked and columns[0].commas.either and start is not None:
        columns[0].meaning = _by_start(columns[0], start)
    depth = columns[0].meaning if marked and columns[0] in marked else None
    for column in marked:
        both = column.commas.either >= MIN_GROUPED and not (column.commas.points or column.commas.integers)
        unclear = column.meaning is None and both and not column.commas.decimal
        if unclear and depth is None and column.first_comma is not None:
            raise ambiguous(column.name, column.first_comma)
        column.meaning = depth if unclear else column.meaning


def _by_start(column: Column, start: float) -> Meaning | None:
    """Return the meaning under which the first depth is nearer to STRT; that of the cells if both are equal."""
    decimal, thousands = (parts[0][:1] for parts in (column.decimal_parts, column.thousands_parts))
    misses = [abs(float(value[0]) - start) if value.size else np.inf for value in (decimal, thousands)]
    if not misses[0] < misses[1] and not misses[1] < misses[0]:
        return column.meaning
    return "decimal" if misses[0] < misses[1] else "thousands"


def collect_columns(rows: Iterator[tuple[int, list[str]]], columns: Sequence[Column]) -> NDArray[np.int64]:
    """Append rows of cells to columns.

    Args:
        rows: (line index, cells) per row; one cell per column.
        columns: the columns, filled in place.

    Returns:
        int64[row], line index of each row.
    """
    starts: list[int] = []
    lines: list[int] = []
    chunk: list[list[str]] = []
    for line, cells in rows:
        lines.append(line)
        chunk.append(cells)
        if len(chunk) == CHUNK_ROWS:
            _flush(columns, chunk, lines)
            starts.extend(lines)
            lines, chunk = [], []
    _flush(columns, chunk, lines)
    return np.asarray(starts + lines, dtype=np.int64)


def _flush(columns: Sequence[Column], chunk: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
    for column, cells in zip(columns, zip(*chunk, strict=True), strict=False):
        column.extend(cells, lines)
