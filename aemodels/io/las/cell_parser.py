"""Strict conversion of text cells to columns of numbers, one chunk of rows at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.io.las.header import parse_number

DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
TEXT_LIMIT = 0.5  # a column with a larger share of words is text, not a curve with gaps
MISSING_WORDS = frozenset({"", "nan", "null", "(null)", "none", "na", "n/a", "-", "--", "---", "----"})
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
        self.parts: list[NDArray[np.float64]] = []
        self.rows = self.words = self.missing = self.commas = 0
        self.points = False
        self.first_word: tuple[int, str] | None = None
        self.first_missing: tuple[int, str] | None = None
        self.comma_parts: list[NDArray[np.float64]] = []

    def extend(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Append cells, with their line indices."""
        texts = self.texts(cells)
        try:
            values = pa.array(texts, pa.string()).cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
            self.points = self.points or any("." in cell for cell in cells)
            commas = values
        except pa.ArrowInvalid:
            values, commas = self._cell_by_cell(cells, texts, lines)
        self.parts.append(values)
        self.comma_parts.append(commas)
        self.rows += len(cells)

    def texts(self, cells: Sequence[str]) -> Sequence[str | None]:
        """Return the cells as numbers are written with a point; None for a cell that is missing without a finding."""
        return cells

    def _cell_by_cell(
        self, cells: Sequence[str], texts: Sequence[str | None], lines: Sequence[int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        values = np.full(len(cells), np.nan)
        commas = values.copy()
        for row, (cell, text, line) in enumerate(zip(cells, texts, lines, strict=True)):
            if text is None:
                continue
            number = parse_number(text)
            self.points = self.points or "." in cell
            if number is not None:
                values[row] = commas[row] = number
            elif cell.lower() in MISSING_WORDS:
                self.missing += 1
                self.first_missing = self.first_missing or (line, cell)
            else:
                self.words += 1
                self.first_word = self.first_word or (line, cell)
                if DECIMAL_COMMA.fullmatch(cell):
                    self.commas += 1
                    commas[row] = float(cell.replace(",", "."))
        return values, commas

    @property
    def decimal_commas(self) -> bool:
        """True if every word is a number with a decimal comma, and no cell has a decimal point."""
        return self.words > 0 and self.commas == self.words and not self.points

    def values(self) -> NDArray[np.float64]:
        """Return the values float64[row], NaN if a cell is not a number."""
        parts = self.comma_parts if self.decimal_commas else self.parts
        return np.concatenate(parts) if parts else np.empty(0)

    def finding(self) -> Finding | None:
        """Return the finding about the cells; None if all are numbers."""
        if self.first_word is not None:
            if self.decimal_commas:
                return self._finding("decimal-comma", self.first_word, self.words)
            text = self.words > TEXT_LIMIT * self.rows
            return self._finding("text-column" if text else "unreadable-cell", self.first_word, self.words)
        if self.first_missing is not None:
            return self._finding("missing-word", self.first_missing, self.missing)
        return None

    def _finding(self, code: str, first: tuple[int, str], count: int) -> Finding:
        return Finding(
            "info" if code == "missing-word" else "warning",
            code,
            f"curve {self.name}, line {first[0] + 1}",
            f"{first[1][:80]!r}; {count} of {self.rows} cells are not plain numbers",
            "a number",
            self.remedies[code],
        )


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
