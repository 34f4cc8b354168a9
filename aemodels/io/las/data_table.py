"""The data block of a LAS file: strict cells, so that nothing slips through as a number."""

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

RAGGED_LIMIT = 0.1  # beyond one bad row in ten the columns cannot be trusted


@dataclass(frozen=True, eq=False)
class LasTable:
    """The parsed data block.

    Args:
        columns: one float64[row] a curve, NaN where a cell is no number; infinities are kept.
        text_columns: columns that hold words.
        block: where the rows come from.
        starts: int64[row], 0-based index of the line on which each row starts; None where each data line is a row.
        findings: what could not be used.
    """

    columns: list[NDArray[np.float64]]
    text_columns: frozenset[int]
    block: DataBlock
    starts: NDArray[np.int64] | None = None
    findings: tuple[Finding, ...] = field(default=())

    def line(self, row: int) -> int:
        """Index of the line on which a row starts."""
        if self.starts is not None:
            return int(self.starts[row])
        return next(itertools.islice((number for number, _ in self.block.lines()), row, None))


def parse_table(block: DataBlock, header: LasHeader) -> LasTable:
    """Parse the data lines into a table.

    Args:
        block: the data section.
        header: the file's header; one column is expected per curve.

    Returns:
        The table, rows with a wrong number of cells left out.

    Raises:
        UnreadableFileError: if the cells do not fit the curves.
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
    """Return the table of columns that have been filled, with findings about the rows and the cells."""
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
    """What is noted about rows with a wrong number of cells while a block is read.

    Args:
        width: cells of a whole row.
        section: the part of the file that describes its curves, as messages name it.
        cure: what else may be wrong, as a remedy.
    """

    def __init__(self, width: int, *, section: str = CURVE_SECTION, cure: str = "separate run-on numbers") -> None:
        self.width, self.section, self.cure = width, section, cure
        self.lines: list[int] = []
        self.cells = 0
        self.run_on: list[int] = []
        self.whole = 0

    def note(self, line: int, cells: int) -> None:
        """One more row of a wrong number of cells."""
        self.cells = self.cells if self.lines else cells
        self.lines.append(line)

    def findings(self, rows: int) -> tuple[Finding, ...]:
        """What was noted beside `rows` good rows.

        Raises:
            UnreadableFileError: if the columns cannot be trusted.
        """
        found: tuple[Finding, ...] = ()
        if self.run_on:
            what = f"{len(self.run_on)} rows with numbers that run into each other, like 50-999.25"
            remedy = "they are parted before the sign, or where the other rows' columns end; write a blank between them"
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
            f"{self.cure}, or correct the {self.section}" + ("" if refuse else "; these rows are left out"),
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
    """Rows of a wrapped file as text cells, with the index of the line on which each starts.

    Raises:
        UnreadableFileError: if any row has the wrong number of cells.
    """
    rows = list(_unwrap(zip(indices, lines, strict=True), len(header.curves)))
    return [cells for _, cells in rows], [start for start, _ in rows]


def _unwrap(lines: Iterable[tuple[int, str]], width: int) -> Iterator[tuple[int, list[str]]]:
    """Join the lines of a wrapped file into rows; a row must end where a line ends."""
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
