"""Lines of a LAS file's data section as cells of text."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from aemodels.io.las.column_widths import RUN_ON, FixedColumns, find_columns
from aemodels.io.las.header import LasHeader, parse_number

QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")


def find_delimiter(lines: Sequence[str], header: LasHeader) -> str | None:
    """The delimiter declared, or the one that splits the first line into as many cells as there are curves."""
    if header.delimiter or not lines or header.wrapped:
        return header.delimiter
    width = len(header.curves)
    for mark in (",", "\t"):
        cells = lines[0].rstrip("\r\n").split(mark)
        # The first cell must be a depth: "100 50,5 2,3" has three parts at its commas, and they are no cells.
        if len(cells) == width and parse_number(cells[0]) is not None:
            return mark
    return None


def split_cells(line: str, delimiter: str | None, width: int) -> list[str]:
    """Cells of one line; quoted text may hold the delimiter, numbers that run into their sign are parted."""
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
    return _parted(line, cells, width) if len(cells) < width else cells


class RowSplitter:
    """Cells of the lines of one data section.

    Args:
        block: gives all its lines, from the first, whenever it is called.
        delimiter: what stands between cells, None for blanks.
        width: cells of a whole row.
    """

    def __init__(self, block: Callable[[], Iterable[str]], delimiter: str | None, width: int) -> None:
        self.block, self.delimiter, self.width = block, delimiter, width

    @cached_property
    def columns(self) -> FixedColumns | None:
        """Where the columns end; looked for only when a row needs it."""
        return find_columns(self.block(), self.width)

    def cells(self, line: str) -> list[str]:
        """As `split_cells`; numbers that run together are parted where all whole rows say that columns end."""
        cells = split_cells(line, self.delimiter, self.width)
        if self.delimiter is not None or len(cells) >= self.width or self.columns is None:
            return cells
        return self.columns.cut(line) or cells


def _parted(line: str, cells: list[str], width: int) -> list[str]:
    """Cells of a line such as "50-999.25"; only where that makes the row whole, and of plain numbers."""
    parted = RUN_ON.sub(" ", line).split()
    whole = len(parted) == width and all(parse_number(cell) is not None for cell in parted)
    return parted if whole else cells
