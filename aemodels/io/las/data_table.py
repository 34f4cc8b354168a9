"""Parser of the data section of a LAS file with strict rules for numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.las.cells.cell_parser import Column, collect_columns, settle_commas
from aemodels.io.las.cells.column_widths import BLANK
from aemodels.io.las.cells.fast_parser import parse_fast
from aemodels.io.las.cells.row_splitter import RowSplitter, find_delimiter, split_cells
from aemodels.io.las.file_sections import DataBlock
from aemodels.io.las.header import CURVE_SECTION, LasHeader, parse_number

SAMPLE_ROWS = 60  # rows from which the delimiter is decided
RAGGED_LIMIT = 0.1  # with a larger share of bad rows the columns are unreliable


@dataclass(frozen=True, eq=False)
class LasTable:
    """The parsed data section.

    Args:
        columns: float64[row] per curve, NaN if a cell is not a number; infinities are kept.
        text_columns: indices of text columns.
        block: the data section.
        delimiter: delimiter between cells, None for blanks.
        wrapped: True if a row spans several lines.
        decimal: decimal mark of the depths.
        rows: name of a row in messages, "" where rows are lines of text.
        starts: int64[row], 0-based index of the first line of each row; None if each data line is a row.
        findings: findings about cells and rows.
    """

    columns: list[NDArray[np.float64]]
    text_columns: frozenset[int]
    block: DataBlock
    delimiter: str | None = None
    wrapped: bool = False
    decimal: str = "."
    rows: str = ""
    starts: NDArray[np.int64] | None = None
    findings: tuple[Finding, ...] = field(default=())

    def line(self, row: int) -> int:
        """Return the index of the line on which a row starts."""
        if self.starts is not None:
            return int(self.starts[row])
        return next(itertools.islice((number for number, _ in self.block.lines()), row, None))

    def place(self, row: int) -> str:
        """Name the place of a row in the file, for messages."""
        return f"{self.rows} {row + 1}" if self.rows else f"line {self.line(row) + 1}"


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
    plain = header.delimiter is None and not block.has(b",", b";", b"\t")
    sample = [] if plain else [line for _, line in itertools.islice(block.lines(), SAMPLE_ROWS)]
    delimiter = find_delimiter(sample, header)
    if not header.wrapped:
        fast = parse_fast(block, width, delimiter)
        if fast is not None:
            return LasTable(fast, frozenset(), block, delimiter)
    try:
        return _parse(block, header, delimiter)
    except UnreadableFileError:
        table = _otherwise_wrapped(block, header, sample)
        if table is None:
            raise
    return table


def _otherwise_wrapped(block: DataBlock, header: LasHeader, sample: Sequence[str]) -> LasTable | None:
    """Parse a section that is wrapped although WRAP says NO, or the reverse; None if it is not.

    Of a wrapped depth step the lines differ in their number of cells (the depth stands alone); lines of equal
    numbers may be rows with too few columns.
    """
    other = replace(header, wrapped=not header.wrapped)
    if other.wrapped and not _differ_within_step(block, len(header.curves)):
        return None
    try:
        table = _parse(block, other, find_delimiter(sample, other))
    except UnreadableFileError:
        return None
    return replace(table, findings=(_wrap_conflict(block, header), *table.findings))


def _differ_within_step(block: DataBlock, width: int) -> bool:
    counts: list[int] = []
    for _, line in block.lines():
        if sum(counts) >= width:
            break
        counts.append(len(split_cells(line, None, 0)))
    return sum(counts) == width and len(set(counts)) > 1


def _parse(block: DataBlock, header: LasHeader, delimiter: str | None) -> LasTable:
    """Parse cell by cell."""
    ragged = Ragged(len(header.curves))
    if header.wrapped:
        rows: Iterator[tuple[int, list[str]]] = _unwrap(block.lines(), ragged.width)
    else:
        rows = _whole_rows(block.lines, delimiter, ragged, header)
    columns = [Column(curve.name) for curve in header.curves]
    starts = collect_columns(rows, columns)
    settle_commas(columns, header.number("STRT"))
    table = as_table(columns, starts, block, ragged.findings(len(starts)))
    return replace(table, delimiter=delimiter, wrapped=header.wrapped)


def as_table(
    columns: Sequence[Column], starts: NDArray[np.int64], block: DataBlock, findings: tuple[Finding, ...]
) -> LasTable:
    """Return the table of filled columns, with findings about rows and cells."""
    found = [column.findings() for column in columns]
    text_columns = frozenset(
        number for number, listed in enumerate(found) if any(finding.code == "text-column" for finding in listed)
    )
    return LasTable(
        [column.values() for column in columns],
        text_columns,
        block,
        decimal="," if columns[0].meaning == "decimal" else ".",
        starts=starts,
        findings=(*findings, *(finding for listed in found for finding in listed)),
    )


def as_table_of_columns(columns: list[NDArray[np.float64]], rows: str) -> LasTable:
    """Return columns that no text was parsed for as a table.

    Args:
        columns: float64[row] each, NaN = missing.
        rows: name of a row, for messages.
    """
    return LasTable(columns, frozenset(), DataBlock(-1, b"", (0, 0), "utf-8"), rows=rows)


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
        self.blank: list[int] = []
        self.titles: list[tuple[int, str]] = []
        self.colons = 0

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
        return (*found, *self._layout(), *self._ragged(rows + len(self.lines)))

    def _layout(self) -> Iterator[Finding]:
        if self.blank:
            what = f"{len(self.blank)} rows in which the place of a column is blank"
            remedy = "read as missing, by the columns of all other rows; write the file's NULL value"
            where = f"line {self.blank[0] + 1}"
            yield Finding("warning", "blank-cells", where, what, "a number in each column", remedy)
        for line, text in self.titles:
            remedy = "the line is skipped"
            yield Finding("info", "column-titles", f"line {line + 1}", repr(text[:80]), "numbers", remedy)
        if self.colons:
            what = f"{self.colons} depths with a colon or semicolon behind them"
            yield Finding("info", "colon-after-depth", "data", what, "a number", "these are left out")

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
    lines: Callable[[], Iterable[tuple[int, str]]], delimiter: str | None, ragged: Ragged, header: LasHeader
) -> Iterator[tuple[int, list[str]]]:
    splitter = RowSplitter(lambda: (line for _, line in lines()), delimiter, ragged.width)
    names = {text.upper() for curve in header.curves for text in (curve.mnemonic, curve.unit) if text}
    first = True
    for index, line in lines():
        cells = splitter.cells(line)
        if first and _is_title(cells, names):
            ragged.titles.append((index, line.strip()))
            continue
        first = False
        if len(cells) != ragged.width:
            ragged.note(index, len(cells))
            continue
        if cells[0].endswith((":", ";")):
            cells[0] = cells[0][:-1]
            ragged.colons += 1
        if delimiter is None and len(line.split()) < ragged.width:
            (ragged.blank if BLANK in cells else ragged.run_on).append(index)
        yield index, cells


def _is_title(cells: Sequence[str], names: frozenset[str] | set[str]) -> bool:
    """Return True if a row repeats the names or units of the curves instead of numbers."""
    words = {cell.upper() for cell in cells}
    return len(words & names) * 2 > len(words) and all(parse_number(cell) is None for cell in cells)


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


def _wrap_conflict(block: DataBlock, header: LasHeader) -> Finding:
    stated, seen = ("YES", "one line per depth") if header.wrapped else ("NO", "several lines per depth")
    remedy = "read as the rows are written; correct WRAP"
    return Finding("warning", "wrap-conflict", f"line {block.title + 2}", seen, f"WRAP {stated}", remedy)


def _wrap_error(index: int, cells: int, width: int) -> Finding:
    return Finding(
        "error",
        "column-count",
        f"line {index + 1}",
        f"a wrapped depth step of {cells} values",
        f"{width} values, one per curve of the ~Curve section, ending with a line",
        "export the file again, unwrapped",
    )
