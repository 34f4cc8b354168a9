"""Plain blocks of numbers through a C parser; whatever is not plain is left to the strict cells of las_data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from aemodels.io.las.file_sections import DataBlock

Columns = list[NDArray[np.float64]]
BLANK, TAB, COMMA, NEWLINE = b" \t,\n"
STRETCH = 2**19  # bytes parsed at a time: more leaves the processor's cache and takes memory
MAX_BLOCK_BYTES = 2**31 - 1  # that the parser takes at a time
PROBES = 97  # lines looked at to find the columns of a table of fixed width


def parse_fast(block: DataBlock, width: int, delimiter: str | None) -> Columns | None:
    """Parse a block in which every cell is a plain number and every row is whole.

    Args:
        block: the data section.
        width: cells of each row.
        delimiter: what stands between cells, None for blanks.

    Returns:
        One float64[row] a column, infinities kept; None where anything is out of the ordinary.
    """
    # "#" and quotes mean comments, 1.#IND or text: never for a fast parser.
    if block.has(b"#", b'"', b"'"):
        return None
    if delimiter is not None:
        return _columns(_stretches(block), _count_lines(block), width, delimiter)
    if block.has(b","):
        return None
    table = _fixed_table(block, width)
    if table is not None:
        return _columns(_marked(*table), len(table[0]), width, ",")
    return _columns(map(_separated, _stretches(block)), _count_lines(block), width, ",")


def _count_lines(block: DataBlock) -> int:
    parts = (np.frombuffer(part, dtype=np.uint8) for part in _stretches(block))
    return sum(int(np.count_nonzero(part == NEWLINE)) for part in parts)


def _stretches(block: DataBlock) -> Iterator[memoryview]:
    """The block's bytes, whole lines at a time."""
    view = memoryview(block.file)
    at, stop = block.span
    while at < stop:
        end = block.file.find(b"\n", min(at + STRETCH, stop - 1), stop) + 1
        yield view[at:end]
        at = end


def _fixed_table(block: DataBlock, width: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
    """Lines of equal length as uint8[line, character] and where its columns meet; None for other lines."""
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
    marks = starts[1:] - 1
    if (cells[:, marks] != BLANK).any():
        return None
    return (cells, marks) if len(cells) else None


def _marked(cells: NDArray[np.uint8], marks: NDArray[np.int64]) -> Iterator[memoryview]:
    """Stretches of a table with commas put where its columns meet."""
    step = max(STRETCH // cells.shape[1], 1)
    for first in range(0, len(cells), step):
        table = cells[first : first + step].copy()
        table[:, marks] = COMMA
        yield table.data.cast("B")


def _separated(stretch: memoryview) -> memoryview:
    """Whole lines with a comma before each cell but the first; the parser passes over the other blanks."""
    cells = np.array(np.frombuffer(stretch, dtype=np.uint8))
    if TAB in cells:
        cells[cells == TAB] = BLANK
    blank = cells == BLANK
    marks = np.flatnonzero(blank[:-1] & ~blank[1:])
    before_cell = cells[marks + 1] != NEWLINE
    starts = np.concatenate([[0], np.flatnonzero(cells[:-1] == NEWLINE) + 1])
    before_cell[np.searchsorted(marks, starts[blank[starts]])] = False  # blanks that indent a line part nothing
    cells[marks[before_cell]] = COMMA
    return cells.data


def _columns(parts: Iterator[memoryview], lines: int, width: int, delimiter: str) -> Columns | None:
    """Parse stretch after stretch into one table, so that nothing is held twice."""
    values = np.empty((width, lines))
    rows = 0
    for part in parts:
        table = _parsed(part, width, delimiter)
        if table is None:
            return None
        for row, column in zip(values, table.columns, strict=True):
            row[rows : rows + len(column)] = column.to_numpy()
        rows += table.num_rows
    return list(values[:, :rows])


def _parsed(part: memoryview, width: int, delimiter: str) -> pa.Table | None:
    names = [str(number) for number in range(width)]
    try:
        return pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(part)),
            read_options=pacsv.ReadOptions(
                use_threads=False, column_names=names, block_size=min(len(part) + 1, MAX_BLOCK_BYTES)
            ),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, quote_char=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()), null_values=[], check_utf8=False
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
