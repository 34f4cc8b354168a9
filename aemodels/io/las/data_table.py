"""Parser of the data section of a LAS file with strict rules for numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.las.cell_parser import Column, collect_columns
from aemodels.io.las.fast_parser import parse_fast
from aemodels.io.las.file_sections import DataBlock
from aemodels.io.las.header import CURVE_SECTION, LasHeader
from aemodels.io.las.row_splitter import RowSplitter, find_delimiter, split_cells

RAGGED_LIMIT = 0.1  # with a larger share of bad rows the columns are unreliable


@dataclass(frozen=True, eq=False)
class LasTable:
    """The parsed data section.

    Args:
        columns: float64[row] per curve, NaN if a cell is not a number; infinities are kept.
        text_columns: indices of text columns.
        block: the data section.
        starts: int64[row], 0-based index of the first line of each row; None if each data line is a row.
        findings: findings about cells and rows.
    """

    columns: list[NDArray[np.float64]]
    text_columns: frozenset[int]
    block: DataBlock
    starts: NDArray[np.int64] | None = None
    findings: tuple[Finding, ...] = field(default=())

    def line(self, row: int) -> int:
        """Return the index of the line on which a row starts."""
        if self.starts is not None:
            return int(self.starts[row])
        return next(itertools.islice((number for number, _ in self.block.lines()), row, None))


def parse_table(block: DataBlock, header: LasHeader) -> LasTable:
    """Parse the data lines into a table.

    Args:
        block: the data section.
        header: the header; one column is expected per curve.

    Returns:
        The table, without rows with a wrong number of cells.

    Raises:
        UnreadableFileError: if the number of cells does not match the curves.
    """
    width = len(header.curves)
    delimiter = find_delimiter([line for _, line in itertools.islice(block.lines(), 1)], header)
    if not header.wrapped:
        fast = parse_fast(block, width, delimiter)
        if fast is not None:
            return LasTable(fast, frozenset(), block)
    if header.wrapped:
        rows: Iterator[tuple[int, list[str]]] = _unwrap(block.lines(), width)
        ragged = Ragged(width)
    else:
        ragged = Ragged(width)
        rows = _whole_rows(block.lines, delimiter, ragged)
    columns = [Column(curve.name) for curve in header.curves]
    starts = collect_columns(rows, columns)
    return as_table(columns, starts, block, ragged.findings(len(starts)))


def as_table(
    columns: Sequence[Column], starts: NDArray[np.int64], block: DataBlock, findings: tuple[Finding, ...]
) -> LasTable:
    """Return the table of filled columns, with findings about rows and cells."""
    found = [column.finding() for column in columns]
    text_columns = frozenset(
        number for number, finding in enumerate(found) if finding is not None and finding.code == "text-column"
    )
    return LasTable(
        [column.values() for column in columns],
        text_columns,
        block,
        starts,
        (*findings, *(finding for finding in found if finding is not None)),
    )


class Ragged:
    """Record of rows with a wrong number of cells.

    Args:
        width: cells per complete row.
        section: name of the part of the file that describes its curves, for messages.
        cure: first remedy, for messages.
    """

    def __init__(self, width: int, *, section: str = CURVE_SECTION, cure: str = "separate run-on numbers") -> None:
        self.width, self.section, self.cure = width, section, cure
        self.lines: list[int] = []
        self.cells = 0
        self.run_on: list[int] = []
        self.whole = 0

    def note(self, line: int, cells: int) -> None:
        """Record a row with a wrong number of cells."""
        self.cells = self.cells if self.lines else cells
        self.lines.append(line)

    def findings(self, rows: int) -> tuple[Finding, ...]:
        """Return the findings, given the number of good rows.

        Raises:
            UnreadableFileError: if too many rows have a wrong number of cells.
        """
        found: tuple[Finding, ...] = ()
        if self.run_on:
            what = f"{len(self.run_on)} rows with numbers that run into each other, like 50-999.25"
            remedy = (
                "they are split before the sign, or at the column ends of the other rows; write a blank between them"
            )
            found = (Finding("warning", "run-on", f"line {self.run_on[0] + 1}", what, "separate numbers", remedy),)
        return (*found, *self._ragged(rows + len(self.lines)))

    def _ragged(self, rows: int) -> tuple[Finding, ...]:
        if not self.lines:
            return ()
        refuse = len(self.lines) > max(RAGGED_LIMIT * rows, 1)
        where = ", ".join(str(index + 1) for index in self.lines[:5]) + (" ..." if len(self.lines) > 5 else "")
        finding = Finding(
            "error" if refuse else "warning",
            "column-count" if refuse else "ragged-row",
            f"line {where}",
            f"{self.cells} cells in line {self.lines[0] + 1}; {len(self.lines)} of {rows} rows have a wrong number",
            f"{self.width} cells, one per curve of the {self.section}",
            f"{self.cure}, or correct the {self.section}" + ("" if refuse else "; these rows are skipped"),
        )
        if refuse:
            raise UnreadableFileError((finding,))
        return (finding,)


def _whole_rows(
    lines: Callable[[], Iterable[tuple[int, str]]], delimiter: str | None, ragged: Ragged
) -> Iterator[tuple[int, list[str]]]:
    splitter = RowSplitter(lambda: (line for _, line in lines()), delimiter, ragged.width)
    for index, line in lines():
        cells = splitter.cells(line)
        if len(cells) != ragged.width:
            ragged.note(index, len(cells))
            continue
        if delimiter is None and len(line.split()) < ragged.width:
            ragged.run_on.append(index)
        yield index, cells


def unwrap_rows(lines: Sequence[str], indices: Sequence[int], header: LasHeader) -> tuple[list[list[str]], list[int]]:
    """Return rows of a wrapped file as text cells, with the index of the first line of each.

    Raises:
        UnreadableFileError: if any row has the wrong number of cells.
    """
    rows = list(_unwrap(zip(indices, lines, strict=True), len(header.curves)))
    return [cells for _, cells in rows], [start for start, _ in rows]


def _unwrap(lines: Iterable[tuple[int, str]], width: int) -> Iterator[tuple[int, list[str]]]:
    """Join the lines of a wrapped file into rows; each row must end at a line end."""
    row: list[str] = []
    start = index = 0
    for index, line in lines:
        start = start if row else index
        row = row + split_cells(line, None, 0)
        if len(row) > width:
            raise UnreadableFileError((_wrap_error(index, len(row), width),))
        if len(row) == width:
            yield start, row
            row = []
    if row:
        raise UnreadableFileError((_wrap_error(index, len(row), width),))


def _wrap_error(index: int, cells: int, width: int) -> Finding:
    return Finding(
        "error",
        "column-count",
        f"line {index + 1}",
        f"a wrapped depth step of {cells} values",
        f"{width} values, one per curve of the ~Curve section, ending with a line",
        "export the file again, unwrapped",
    )
