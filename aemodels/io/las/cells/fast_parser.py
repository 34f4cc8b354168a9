"""Fast parser for data sections with plain numbers only; `data_table` parses all others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from aemodels.io.las.file_sections import DataBlock

Columns = list[NDArray[np.float64]]
BLANK, TAB, COMMA, NEWLINE = b" \t,\n"
CHUNK_BYTES = 2**19  # parsed at a time; larger chunks exceed the CPU cache and take memory
MAX_BLOCK_BYTES = 2**31 - 1  # limit of the CSV parser
PROBES = 97  # lines examined to find the columns of a fixed-width table


def parse_fast(block: DataBlock, width: int, delimiter: str | None) -> Columns | None:
    """Parse a data section in which every cell is a plain number and every row is complete.

    Args:
        block: the data section.
        width: cells per row.
        delimiter: delimiter of the cells, None for blanks.

    Returns:
        float64[row] per column, infinities kept; None if any cell or row is not plain.
    """
    # "#" and quotes indicate comments, 1.#IND or text.
    if block.has(b"#", b'"', b"'"):
        return None
    if delimiter is not None:
        return _columns(_chunks(block), _count_lines(block), width, delimiter)
    if block.has(b","):
        return None
    table = _fixed_table(block, width)
    if table is not None:
        return _columns(_with_commas(*table), len(table[0]), width, ",")
    return _columns(map(_separated, _chunks(block)), _count_lines(block), width, ",")


def _count_lines(block: DataBlock) -> int:
    chunks = (np.frombuffer(chunk, dtype=np.uint8) for chunk in _chunks(block))
    return sum(int(np.count_nonzero(chunk == NEWLINE)) for chunk in chunks)


def _chunks(block: DataBlock) -> Iterator[memoryview]:
    """Yield the bytes of the section in chunks of complete lines."""
    view = memoryview(block.file)
    at, stop = block.span
    while at < stop:
        end = block.file.find(b"\n", min(at + CHUNK_BYTES, stop - 1), stop) + 1
        yield view[at:end]
        at = end


def _fixed_table(block: DataBlock, width: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
    """Return lines of equal length as uint8[line, character], and the separator positions; None for other sections."""
    cells = np.frombuffer(block.view, dtype=np.uint8)
    length = block.file.find(b"\n", *block.span) + 1 - block.span[0]
    if len(cells) % length:
        return None
    cells = cells.reshape(-1, length)
    if (cells[:, -1] != NEWLINE).any():
        return None
    blank = (cells[:: max(len(cells) // PROBES, 1), :-1] == BLANK).all(axis=0)
    starts = np.flatnonzero(~blank & np.concatenate([[True], blank[:-1]]))
    if len(starts) != width:
        return None
    separators = starts[1:] - 1
    if (cells[:, separators] != BLANK).any():
        return None
    return (cells, separators) if len(cells) else None


def _with_commas(cells: NDArray[np.uint8], separators: NDArray[np.int64]) -> Iterator[memoryview]:
    """Yield chunks of a table with commas between the columns."""
    step = max(CHUNK_BYTES // cells.shape[1], 1)
    for first in range(0, len(cells), step):
        table = cells[first : first + step].copy()
        table[:, separators] = COMMA
        yield table.data.cast("B")


def _separated(chunk: memoryview) -> memoryview:
    """Return complete lines with a comma before each cell except the first; the parser ignores other blanks."""
    cells = np.array(np.frombuffer(chunk, dtype=np.uint8))
    if TAB in cells:
        cells[cells == TAB] = BLANK
    blank = cells == BLANK
    separators = np.flatnonzero(blank[:-1] & ~blank[1:])
    before_cell = cells[separators + 1] != NEWLINE
    starts = np.concatenate([[0], np.flatnonzero(cells[:-1] == NEWLINE) + 1])
    before_cell[np.searchsorted(separators, starts[blank[starts]])] = (
        False  # blanks that indent a line are not separators
    )
    cells[separators[before_cell]] = COMMA
    return cells.data


def _columns(chunks: Iterator[memoryview], lines: int, width: int, delimiter: str) -> Columns | None:
    """Parse chunk by chunk into one table, so that nothing is held twice."""
    values = np.empty((width, lines))
    rows = 0
    for chunk in chunks:
        table = _parsed(chunk, width, delimiter)
        if table is None:
            return None
        for row, column in zip(values, table.columns, strict=True):
            row[rows : rows + len(column)] = column.to_numpy()
        rows += table.num_rows
    return list(values[:, :rows])


def _parsed(chunk: memoryview, width: int, delimiter: str) -> pa.Table | None:
    names = [str(number) for number in range(width)]
    try:
        return pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(chunk)),
            read_options=pacsv.ReadOptions(
                use_threads=False, column_names=names, block_size=min(len(chunk) + 1, MAX_BLOCK_BYTES)
            ),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, quote_char=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()), null_values=[], check_utf8=False
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
