"""Splitting of data lines into cells of text."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from aemodels.io.las.column_widths import RUN_ON, FixedColumns, find_columns
from aemodels.io.las.header import LasHeader, parse_number

QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")


def find_delimiter(lines: Sequence[str], header: LasHeader) -> str | None:
    """Return the declared delimiter, or the one that splits the first line into one cell per curve."""
    if header.delimiter or not lines or header.wrapped:
        return header.delimiter
    width = len(header.curves)
    for mark in (",", "\t"):
        cells = lines[0].rstrip("\r\n").split(mark)
        # The first cell must be a depth: the commas of "100 50,5 2,3" are decimal separators.
        if len(cells) == width and parse_number(cells[0]) is not None:
            return mark
    return None


def split_cells(line: str, delimiter: str | None, width: int) -> list[str]:
    """Split a line into cells; quoted text may contain the delimiter, run-on numbers are split before the sign."""
    if delimiter:
        parts = line.strip("\r\n").split(delimiter)
        if len(parts) != width and '"' in line:
            parts = next(csv.reader([line.strip("\r\n")], delimiter=delimiter, skipinitialspace=True), [])
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
        return self.columns.cut(line) or cells


def _split_run_on(line: str, cells: list[str], width: int) -> list[str]:
    """Split a line such as "50-999.25" before signs; only if this gives a complete row of plain numbers."""
    split = RUN_ON.sub(" ", line).split()
    complete = len(split) == width and all(parse_number(cell) is not None for cell in split)
    return split if complete else cells
