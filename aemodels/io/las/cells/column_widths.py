"""Fixed column widths: splitting of numbers that run together, and cells left blank."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aemodels.io.las.header_lines import parse_number

MIN_COMPLETE_ROWS = 3  # rows that must agree on the ends of the columns
MIN_ROWS_FOR_BLANKS = 10  # rows that must agree before a blank place is taken for a missing value
BLANK = " "  # a cell of which nothing is written; other cells have no surrounding blanks
TOKEN = re.compile(r"\S+")
# A minus sign after a digit separates two numbers that run together. The second must have a decimal point (or be a NULL
# like -9999), so that dates like 2020-01-02 do not match.
RUN_ON = re.compile(r"(?<=[\d.])(?=-\d*\.\d|-999+\b)")
CELL_END = re.compile(rf"(?<=\S)(?=\s|$)|{RUN_ON.pattern}")


@dataclass(frozen=True)
class FixedColumns:
    """Column ends of a fixed-width table.

    Args:
        ends: exclusive end of each column, in characters; empty if they differ between rows.
        decimals: number of decimals of each column; None if they differ between rows.
        starts: first character of each column; empty if they differ between rows.
        padded: True if enough rows agree, and columns are filled with blanks: a blank place is a missing value.
    """

    ends: tuple[int, ...]
    decimals: tuple[int | None, ...]
    starts: tuple[int, ...] = ()
    padded: bool = False

    def cut(self, line: str) -> list[str] | None:
        """Split a line into cells.

        Returns None unless each cell is a number, and each that touches the next has the usual number of decimals.

        >>> FixedColumns((5, 13), (1, 2)).cut("100.012345.67")
        ['100.0', '12345.67']
        """
        if "\t" in line or not self.ends or len(line.rstrip()) != self.ends[-1]:
            return None
        starts = (0, *self.ends[:-1])
        cells = [line[start:end].strip() for start, end in zip(starts, self.ends, strict=True)]
        if any(parse_number(cell) is None for cell in cells):
            return None
        touching = [not line[end].isspace() for end in self.ends[:-1]]
        known = zip(touching, cells, self.decimals, strict=False)
        return cells if all(_decimals(cell) == usual for touches, cell, usual in known if touches) else None

    def place(self, line: str) -> list[str] | None:
        """Return the cells of a line in which some are `BLANK`; None if a cell fits no column.

        >>> FixedColumns((5, 11, 17), (1, 1, 1), padded=True).place("100.0         2.5")
        ['100.0', ' ', '2.5']
        """
        if not self.padded or "\t" in line:
            return None
        columns = self.ends or self.starts
        edges = {edge: number for number, edge in enumerate(columns)}
        cells = [BLANK] * len(columns)
        for token in TOKEN.finditer(line):
            number = edges.get(token.end() if self.ends else token.start())
            if number is None:
                return None
            cells[number] = token[0]
        return None if cells[0] == BLANK else cells

    def fill(self, line: str, missing: str) -> str:
        """Return a line with `missing` in its blank cells, at the ends of the columns if it fits there."""
        cells = self.place(line)
        if cells is None or BLANK not in cells:
            return line
        full = [missing if cell == BLANK else cell for cell in cells]
        if not self.ends:
            return " ".join(full)
        widths = [end - start for start, end in zip((0, *self.ends), self.ends, strict=False)]
        return "".join(f" {cell}".rjust(width) if cell else cell for cell, width in zip(full, widths, strict=True))


def find_columns(lines: Iterable[str], width: int) -> FixedColumns | None:
    """Find the column ends shared by all complete rows.

    Args:
        lines: lines of the data section, including those with numbers that run together.
        width: cells per complete row.

    Returns:
        The columns; None if there are too few complete rows, or they disagree.
    """
    ends: set[tuple[int, ...]] = set()
    starts: set[tuple[int, ...]] = set()
    decimals: list[set[int]] = [set() for _ in range(width)]
    complete = 0
    padded = False
    for line in lines:
        found = tuple(match.start() for match in CELL_END.finditer(line))
        if len(found) != width:
            continue
        complete += 1
        ends.add(found)
        if len(starts) <= 1:
            starts.add(tuple(match.start() for match in TOKEN.finditer(line)))
        if (len(ends) > 1 and len(starts) > 1) or "\t" in line:
            return None
        padded = padded or "  " in line.strip()
        for seen, start, end in zip(decimals, (0, *found), found, strict=False):
            seen.add(_decimals(line[start:end]))
    if complete < MIN_COMPLETE_ROWS or (len(ends) > 1 and len(starts) > 1):
        return None
    agreed = tuple(min(seen) if len(seen) == 1 else None for seen in decimals)
    return FixedColumns(
        ends.pop() if len(ends) == 1 else (),
        agreed,
        starts.pop() if len(starts) == 1 else (),
        padded and complete >= MIN_ROWS_FOR_BLANKS,
    )


def _decimals(cell: str) -> int:
    """Return the number of decimals; -1 without a decimal point."""
    return len(cell.partition(".")[2]) if "." in cell else -1
