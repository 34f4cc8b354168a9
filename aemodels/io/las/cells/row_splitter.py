"""Splitting of data lines into cells of text."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from aemodels.io.las.cells.column_widths import RUN_ON, FixedColumns, find_columns
from aemodels.io.las.cells.commas import without_apostrophes
from aemodels.io.las.cells.missing_words import is_missing
from aemodels.io.las.header import LasHeader, parse_number

DELIMITERS = (",", ";", "\t")
COMMA_CELL = re.compile(r"[+-]?\d[\d,]*\d(?:\.\d*)?|[+-]?\d[\d.]*,\d+")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")
REMARK = re.compile(r"\s#")
MAX_REMARKS = 4  # places that may begin a remark; other cells may begin with the mark too, such as #N/A


def find_delimiter(lines: Sequence[str], header: LasHeader) -> str | None:
    """Return the delimiter that splits most rows into one number per curve, the declared one first.

    Args:
        lines: the first rows of data.
        header: the header of the file.

    Returns:
        The delimiter; None for blanks.
    """
    if header.wrapped or not lines:
        return header.delimiter
    width = len(header.curves)
    marks = dict.fromkeys([header.delimiter, *DELIMITERS, None] if header.delimiter else [*DELIMITERS, None])
    scores = {mark: sum(_numbers(line, mark, width) for line in lines) for mark in marks}
    best = max(scores, key=lambda mark: scores[mark])
    return best if scores[best] else header.delimiter


def _numbers(line: str, delimiter: str | None, width: int) -> int:
    """Return how many cells of a row are numbers or missing; 0 unless it has one cell per curve and a depth."""
    cells = split_cells(line, delimiter, width)
    if len(cells) != width or not _is_number(cells[0].rstrip(":;")):
        return 0
    return 1 + sum(not cell or _is_number(cell) or is_missing(cell) for cell in cells[1:])


def _is_number(cell: str) -> bool:
    return parse_number(without_apostrophes(cell)) is not None or COMMA_CELL.fullmatch(cell) is not None


def remark_start(line: str, delimiter: str | None, width: int) -> int:
    """Return where a remark behind a whole row begins; the length of the line if there is none.

    >>> remark_start("1500 50.5 # checked", None, 2), remark_start("1500 #N/A", None, 2)
    (9, 9)
    """
    if "#" in line and width > 0:
        for found in itertools.islice(REMARK.finditer(line), MAX_REMARKS):
            before = line[: found.start()]
            if (
                len(before.split(delimiter)) == width
                and before.strip()
                and not before.rstrip().endswith(delimiter or "\n")
            ):
                return found.start()
    return len(line)


def _unquoted(cell: str) -> str:
    return cell[1:-1].strip() if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def split_cells(line: str, delimiter: str | None, width: int) -> list[str]:
    """Split a line into cells; quoted text may contain the delimiter, run-on numbers are split before the sign.

    A remark behind the cells, from a "#" on, is left out.
    """
    cells = _split(line[: remark_start(line, delimiter, width)], delimiter, width)
    return [_unquoted(cell) for cell in cells] if '"' in line else cells


def _split(line: str, delimiter: str | None, width: int) -> list[str]:
    if delimiter:
        parts = line.strip("\r\n").split(delimiter)
        if len(parts) != width and '"' in line:
            parts = next(csv.reader([line.strip("\r\n")], delimiter=delimiter, skipinitialspace=True), [])
        if len(parts) > width > 0 and not "".join(parts[width:]).strip():
            parts = parts[:width]  # delimiters at the end of the line
        if len(parts) == width + 1 > 1 and not parts[0].strip():
            parts = parts[1:]  # one at its start
        return [cell.strip() for cell in parts]
    cells = line.split()
    if len(cells) == width:
        return cells
    if '"' in line or "'" in line:
        return QUOTED.findall(line)
    return _split_run_on(line, cells, width) if len(cells) < width else cells


class RowSplitter:
    """Splits the lines of one data section into cells.

    Args:
        block: function that returns all lines of the section.
        delimiter: delimiter of the cells, None for blanks.
        width: cells per complete row.
    """

    def __init__(self, block: Callable[[], Iterable[str]], delimiter: str | None, width: int) -> None:
        self.block, self.delimiter, self.width = block, delimiter, width

    @cached_property
    def columns(self) -> FixedColumns | None:
        """Column ends, determined when first needed; None if unknown."""
        return find_columns(self.block(), self.width)

    def cells(self, line: str) -> list[str]:
        """Split a line as `split_cells`; numbers that run together are split at the column ends of complete rows."""
        cells = split_cells(line, self.delimiter, self.width)
        if self.delimiter is not None or len(cells) >= self.width or self.columns is None:
            return cells
        return self.columns.cut(line) or self.columns.place(line.rstrip("\r\n")) or cells

    def filled(self, line: str, missing: str) -> str:
        """Return a line without its line end in which blank cells of a fixed-width table hold `missing`."""
        return line if self.columns is None else self.columns.fill(line, missing)


def _split_run_on(line: str, cells: list[str], width: int) -> list[str]:
    """Split a line such as "50-999.25" before signs; only if this gives a complete row of plain numbers."""
    split = RUN_ON.sub(" ", line).split()
    complete = len(split) == width and all(parse_number(cell) is not None for cell in split)
    return split if complete else cells
