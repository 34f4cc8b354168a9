"""Numbers that have run together in a table of fixed column widths, parted where the columns end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aemodels.io.las.header import parse_number

EVIDENCE = 3  # whole rows that must agree on where the columns end
# A sign that follows a digit: the numbers on both sides have run together. The second must have a point (or be a whole
# NULL like -9999), else a date like 2020-01-02 would pass.
RUN_ON = re.compile(r"(?<=[\d.])(?=-\d*\.\d|-999+\b)")
CELL_END = re.compile(rf"(?<=\S)(?=\s|$)|{RUN_ON.pattern}")


@dataclass(frozen=True)
class FixedColumns:
    """Where the columns of a table end.

    Args:
        ends: offset behind the last character of each column.
        decimals: digits behind the point in every whole row of a column; None where they differ.
    """

    ends: tuple[int, ...]
    decimals: tuple[int | None, ...]

    def cut(self, line: str) -> list[str] | None:
        """The cells of a line; None unless each is a number, and each that touches the next has its usual decimals.

        >>> FixedColumns((5, 13), (1, 2)).cut("100.012345.67")
        ['100.0', '12345.67']
        """
        if "\t" in line or len(line.rstrip()) != self.ends[-1]:
            return None
        starts = (0, *self.ends[:-1])
        cells = [line[start:end].strip() for start, end in zip(starts, self.ends, strict=True)]
        if any(parse_number(cell) is None for cell in cells):
            return None
        touching = [not line[end].isspace() for end in self.ends[:-1]]
        known = zip(touching, cells, self.decimals, strict=False)
        return cells if all(_decimals(cell) == usual for touches, cell, usual in known if touches) else None


def find_columns(lines: Iterable[str], width: int) -> FixedColumns | None:
    """The columns on which all whole rows agree.

    Args:
        lines: of the data section, with those whose numbers have run together.
        width: cells of a whole row.

    Returns:
        The columns; None where there are too few whole rows, or they disagree on where columns end.
    """
    ends: set[tuple[int, ...]] = set()
    decimals: list[set[int]] = [set() for _ in range(width)]
    whole = 0
    for line in lines:
        found = tuple(match.start() for match in CELL_END.finditer(line))
        if len(found) != width:
            continue
        whole += 1
        ends.add(found)
        if len(ends) > 1 or "\t" in line:
            return None
        for seen, start, end in zip(decimals, (0, *found), found, strict=False):
            seen.add(_decimals(line[start:end]))
    if whole < EVIDENCE:
        return None
    return FixedColumns(ends.pop(), tuple(min(seen) if len(seen) == 1 else None for seen in decimals))


def _decimals(cell: str) -> int:
    """Digits behind the point, -1 for none."""
    return len(cell.partition(".")[2]) if "." in cell else -1
