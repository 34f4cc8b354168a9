"""Plain blocks of numbers through C parsers; whatever is not plain is left to the strict cells of las_data."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from aemodels.io.las_file import DataBlock

Columns = list[NDArray[np.float64]]
BLANK, COMMA, NEWLINE = ord(" "), ord(","), ord("\n")
BLOCK = 2**20  # bytes parsed at a time: more is no faster and takes memory
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
        return _by_arrow(block.view, width, delimiter)
    table = _fixed_table(block, width)
    if table is not None:
        columns = _by_stretches(*table)
    elif not block.has(b"  ", b"\t", b"\n ") and block.view[0] != BLANK:
        columns = _by_arrow(block.view, width, " ")
    else:
        columns = None
    return columns if columns is not None else _by_numpy(block, width)


def _fixed_table(block: DataBlock, width: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]] | None:
    """Lines of equal length as uint8[line, character] and where its columns meet; None for other lines."""
    cells = np.frombuffer(block.view, dtype=np.uint8)
    length = block.file.find(b"\n", *block.span) + 1 - block.span[0]
    if len(cells) % length or block.has(b","):
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


def _by_stretches(cells: NDArray[np.uint8], marks: NDArray[np.int64]) -> Columns | None:
    """Parse a table with commas put where its columns meet; a stretch at a time stays in the cache."""
    step = max(BLOCK // cells.shape[1], 1)
    parts = []
    for first in range(0, len(cells), step):
        table = cells[first : first + step].copy()
        table[:, marks] = COMMA
        columns = _by_arrow(table.data.cast("B"), len(marks) + 1, ",")
        if columns is None:
            return None
        parts.append(columns)
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _by_arrow(data: memoryview, width: int, delimiter: str) -> Columns | None:
    names = [str(number) for number in range(width)]
    try:
        table = pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(data)),
            read_options=pacsv.ReadOptions(use_threads=False, column_names=names, block_size=BLOCK),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, quote_char=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()), null_values=[], check_utf8=False
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    return [_writeable(column.to_numpy()) for column in table.columns] if table.num_columns == width else None


def _writeable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values if values.flags.writeable else values.copy()


def _by_numpy(block: DataBlock, width: int) -> Columns | None:
    try:
        # comments=None: with "#" as a comment "1.#IND" in the last column would silently become 1.
        values = np.loadtxt(io.BytesIO(block.view), ndmin=2, comments=None)
    except ValueError:
        return None
    return list(values.T) if values.shape[1] == width else None
