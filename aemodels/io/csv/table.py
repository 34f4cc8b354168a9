"""A CSV file as a table: its header, its dialect and its columns of numbers."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import ClassVar

from typing_extensions import override

from aemodels.core.findings import Finding
from aemodels.curves.tables import Aliases, normal_unit
from aemodels.io.csv.dialect import (
    BLANK,
    DELIMITERS,
    Dialect,
    find_dialect,
    find_row_end,
    fits,
    number_and_unit,
    split_row,
)
from aemodels.io.csv.header import HEADER_ROW, CsvHeader, names_depth, read_header
from aemodels.io.las.cells.cell_parser import Column, collect_columns, settle_commas
from aemodels.io.las.cells.fast_parser import parse_fast
from aemodels.io.las.data_table import LasTable, Ragged, as_table
from aemodels.io.las.file_sections import DataBlock, as_single_bytes, closed_span, refusal

SAMPLE_ROWS = 500  # rows from which the dialect is decided
MAX_LINE_BYTES = 2**20
BINARY_PROBE = 4096
MAX_ABOVE = 40  # lines that name well, field and dates above the header row
NEWLINE = b"\n"
EMPTY = "leave such cells empty"


@dataclass(frozen=True, eq=False)
class CsvFile:
    """A file whose header has been read.

    Args:
        dialect: how cells are delimited and numbers are written.
        header: names and units of the columns.
        body: the rows of data.
        codec: the file's encoding.
        above: lines above the header row that are neither blank nor comments.
        row_end: mark behind the last cell of the rows; "" if there is none.
    """

    dialect: Dialect
    header: CsvHeader
    body: DataBlock
    codec: str
    above: int = 0
    row_end: str = ""


@dataclass
class Wells:
    """The names in the column that names the well, with the first line of each."""

    column: int | None
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, cells: Sequence[str], line: int) -> None:
        """Take the name of one row.

        Raises:
            UnreadableFileError: if it is another well than before.
        """
        if self.column is None or not cells[self.column] or cells[self.column] in self.lines:
            return
        self.lines[cells[self.column]] = line
        if len(self.lines) > 1:
            found = " and ".join(f"{name[:80]!r} (line {number + 1})" for name, number in self.lines.items())
            where, remedy = f"line {line + 1}", "write one file per well"
            raise refusal("several-wells", where, f"wells {found}", "rows of one well", remedy)


class CsvColumn(Column):
    """A column of a CSV file while it is read: an empty cell is a missing value."""

    remedies: ClassVar[Mapping[str, str]] = {
        "decimal-comma": "the comma is read as a decimal mark; write one decimal mark throughout",
        "text-column": "the column is left out, the others are used",
        "unreadable-cell": f"the cells are read as missing; {EMPTY}",
        "missing-word": f"the cells are read as missing; {EMPTY}",
    }

    def __init__(self, name: str, dialect: Dialect, unit: str = "") -> None:
        super().__init__(name)
        self.dialect, self.unit = dialect, normal_unit(unit)

    @override
    def texts(self, cells: Sequence[str]) -> Sequence[str | None]:
        if self.unit:
            cells = [without_unit(cell, self.unit) for cell in cells]
        return [self.dialect.number_text(cell) if cell else None for cell in cells]


def without_unit(cell: str, unit: str) -> str:
    """Return a cell without the unit behind its number; one with another unit stays as it is.

    Args:
        cell: text of the cell.
        unit: as `normal_unit` spells it.
    """
    number, found = number_and_unit(cell)
    return number if found and normal_unit(found) == unit else cell


def open_csv(data: bytes, aliases: Aliases) -> CsvFile:
    """Find dialect and header of a file.

    Args:
        data: the whole file.
        aliases: the tables of names and units.

    Raises:
        UnreadableFileError: if it is not a table with a header row and a depth column.
    """
    text, codec = as_single_bytes(data)
    remedy = "check what the file is"
    if b"\x00" in text[:BINARY_PROBE]:
        raise refusal("not-csv", "file", "binary data", "delimited text", remedy)
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    start = len(codecs.BOM_UTF8) if text.startswith(codecs.BOM_UTF8) else 0
    text, span = closed_span(text, start, len(text))
    _refuse_long_lines(text, span)
    block, row_end = _rows_without_end(text, span, "utf-8" if codec.startswith("utf-16") else codec)
    lines = list(itertools.islice(block.lines(), SAMPLE_ROWS))
    above, dialect = find_start([line for _, line in lines], aliases)
    if dialect is None:
        found = repr(lines[0][1].strip()[:80]) if lines else "no line but blank ones and comments"
        where = f"line {lines[0][0] + 1}" if lines else "file"
        remedy += "; begin with the row of names, and mark titles above it with #"
        raise refusal(
            "not-csv", where, found, "a table with columns delimited by , ; | tab or blanks, and numbers", remedy
        )
    titles, lines = lines[:above], lines[above:]
    header = read_header(lines, dialect, aliases)
    if titles:
        header = replace(header, findings=(_titles(titles), *header.findings))
    if len(header.order) < 2:
        expected = "a depth and at least one curve"
        raise refusal("no-curves", HEADER_ROW, f"{len(header.curves)} columns, no curve", expected, remedy)
    last = lines[1 if header.unit_row else 0][0]
    return CsvFile(dialect, header, _below(block, last), codec, above, row_end)


def _rows_without_end(text: bytes, span: tuple[int, int], codec: str) -> tuple[DataBlock, str]:
    """Return the lines of a file without a mark that ends its rows and delimits nothing, and that mark."""
    block = DataBlock(-1, text, span, codec)
    row_end = find_row_end([line for _, line in itertools.islice(block.lines(), SAMPLE_ROWS)])
    if not row_end:
        return block, ""
    start, mark = span[0], row_end.encode()
    lines = text[start : span[1]].split(NEWLINE)
    body = NEWLINE.join(line.rstrip()[:-1] if line.rstrip().endswith(mark) else line for line in lines)
    return DataBlock(-1, text[:start] + body, (start, start + len(body)), codec), row_end


def find_start(lines: Sequence[str], aliases: Aliases) -> tuple[int, Dialect | None]:
    """Return how many lines stand above the header row, and the dialect from there on; (0, None) without a table.

    Args:
        lines: the first lines that are neither blank nor comments.
        aliases: the tables of names and units.
    """
    whole = find_dialect(lines) if lines else None
    if whole is None or not names_depth(lines[0], whole.delimiter, aliases):
        for above in range(1, min(MAX_ABOVE, len(lines) - 1) + 1):
            named = any(names_depth(lines[above], delimiter, aliases) for delimiter in DELIMITERS)
            dialect = find_dialect(lines[above:]) if named else None
            if dialect is not None and names_depth(lines[above], dialect.delimiter, aliases):
                return above, dialect
    return 0, whole


def _titles(lines: Sequence[tuple[int, str]]) -> Finding:
    found = f"{len(lines)} lines above the header row, the first {lines[0][1].strip()[:80]!r}"
    remedy = "these are skipped; begin them with #"
    return Finding("info", "lines-above-header", f"line {lines[0][0] + 1}", found, f"the {HEADER_ROW} first", remedy)


def read_table(file: CsvFile) -> tuple[LasTable, str]:
    """Read the rows of a file.

    Returns:
        (table, name of the well): the columns of `file.header.order`; the name is "" if no column gives one.

    Raises:
        UnreadableFileError: if the rows do not fit the header, or belong to several wells.
    """
    header, dialect = file.header, file.dialect
    if dialect.decimal == "." and header.well is None:
        fast = parse_fast(file.body, len(header.curves), None if dialect.delimiter == BLANK else dialect.delimiter)
        if fast is not None:
            return LasTable([fast[number] for number in header.order], frozenset(), file.body), ""
    ragged = Ragged(len(header.curves), section=HEADER_ROW, cure="quote cells that hold the delimiter")
    wells = Wells(header.well)
    columns = [
        CsvColumn(header.curves[number].name, dialect, header.cell_units.get(number, "")) for number in header.order
    ]
    starts = collect_columns(_rows(file, ragged, wells), columns)
    settle_commas(columns, None)
    return as_table(columns, starts, file.body, ragged.findings(len(starts))), next(iter(wells.lines), "")


def _rows(file: CsvFile, ragged: Ragged, wells: Wells) -> Iterator[tuple[int, list[str]]]:
    chosen = itemgetter(*file.header.order)
    for index, line in file.body.lines():
        cells = split_row(line, file.dialect.delimiter)
        if not fits(cells, ragged.width):
            ragged.note(index, len(cells))
            continue
        wells.add(cells, index)
        yield index, list(chosen(cells))


def _below(block: DataBlock, line: int) -> DataBlock:
    """Return what stands below a line of a block."""
    at, stop = block.span
    for _ in range(line + 1):
        at = block.file.find(NEWLINE, at, stop) + 1
    return DataBlock(line, block.file, (at, stop), block.codec)


def _refuse_long_lines(text: bytes, span: tuple[int, int]) -> None:
    """Refuse lines that no table has before they are split into cells."""
    at, stop = span
    while stop - at > MAX_LINE_BYTES:
        end = text.rfind(NEWLINE, at, at + MAX_LINE_BYTES)
        if end < 0:
            where = f"line {text.count(NEWLINE, span[0], at) + 1}"
            found, expected = f"a line of more than {MAX_LINE_BYTES} bytes", "lines of a table"
            raise refusal("long-line", where, found, expected, "check what the file is, and its line ends")
        at = end + 1
