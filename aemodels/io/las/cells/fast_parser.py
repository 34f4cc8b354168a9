"""Fast parser for data sections with plain numbers only; `data_table` parses all others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aemodels.io.las.file_sections import DataBlock

Columns = list[NDArray[np.float64]]
Characters = NDArray[np.uint8]
Offsets = NDArray[np.int32]
BLANK, TAB, NEWLINE = b" \t\n"
CHUNK_BYTES = 2**19  # parsed at a time; larger chunks exceed the CPU cache and take memory
MAX_CHUNK_BYTES = 2**31 - 1  # of one array of texts; a longer chunk is a single line
PROBES = 97  # lines examined to find the columns of a fixed-width table


def parse_fast(block: DataBlock, width: int, delimiter: str | None) -> Columns | None:
    """Parse a data section in which every cell is a plain number and every row is complete.

    Args:
        block: the data section.
        width: cells per row.
        delimiter: delimiter of the cells, None for blanks.

    Returns:
        float64[row] per column, the nearest to each decimal number; infinities are kept. None if any cell or row is
        not plain.
    """
    # "#" and quotes indicate comments, 1.#IND or text.
    if block.has(b"#", b'"', b"'") or (delimiter is None and block.has(b",")):
        return None
    trimmed = pc.TrimOptions(characters=f" \t\n{delimiter or ''}")
    values = np.empty((width, _count_lines(block)))
    rows = 0
    for chunk in _chunks(block):
        numbers = _parsed(chunk, width, delimiter, trimmed)
        if numbers is None:
            return None
        table = numbers.reshape(-1, width)
        values[:, rows : rows + len(table)] = table.T
        rows += len(table)
    return list(values[:, :rows])


def _count_lines(block: DataBlock) -> int:
    return sum(int(np.count_nonzero(chunk == NEWLINE)) for chunk in _chunks(block))


def _chunks(block: DataBlock) -> Iterator[Characters]:
    """Yield the bytes of the section in chunks of complete lines, without copies."""
    characters = np.frombuffer(block.file, dtype=np.uint8)
    at, stop = block.span
    while at < stop:
        end = block.file.find(b"\n", min(at + CHUNK_BYTES, stop - 1), stop) + 1
        yield characters[at:end]
        at = end


def _parsed(
    chunk: Characters, width: int, delimiter: str | None, trimmed: pc.TrimOptions
) -> NDArray[np.float64] | None:
    """Return the number in each cell, row by row; None if a row or cell is not plain."""
    if len(chunk) > MAX_CHUNK_BYTES:
        return None
    if delimiter is not None:
        return _numbers(chunk, _delimited(chunk, width, ord(delimiter)), trimmed)
    numbers = _numbers(chunk, _fixed(chunk, width), trimmed)
    return _numbers(chunk, _separated(chunk, width), trimmed) if numbers is None else numbers


def _fixed(chunk: Characters, width: int) -> Offsets | None:
    """Return where each cell starts and the last one ends, in lines of equal length and columns of fixed width.

    A cell reaches to the start of the next one; blanks, delimiters and line ends around its number belong to it.

    Args:
        chunk: uint8[character], complete lines.
        width: cells per row.

    Returns:
        int32[row * width + 1]; None if the lines have no such columns.
    """
    newline = chunk == NEWLINE
    length = int(np.argmax(newline)) + 1
    if len(chunk) % length:
        return None
    lines, ends = chunk.reshape(-1, length), newline.reshape(-1, length)[:, -1]
    if not ends.all() or np.count_nonzero(newline) != len(lines):
        return None
    blank = (lines[:: max(len(lines) // PROBES, 1), :-1] == BLANK).all(axis=0)
    starts = np.flatnonzero(~blank & np.concatenate([[True], blank[:-1]]))
    if len(starts) != width or (lines[:, starts[1:] - 1] != BLANK).any():
        return None
    starts[0] = 0  # a longer first cell begins before those of the lines examined
    offsets = np.empty(len(lines) * width + 1, dtype=np.int32)
    offsets[:-1].reshape(-1, width)[:] = np.add.outer(
        np.arange(0, len(chunk), length, dtype=np.int32), starts.astype(np.int32)
    )
    offsets[-1] = len(chunk)
    return offsets


def _separated(chunk: Characters, width: int) -> Offsets | None:
    """Return offsets as `_fixed` of cells between any number of blanks and tabs, without empty lines."""
    newline = chunk == NEWLINE
    gap = newline | (chunk == BLANK) | (chunk == TAB)
    starts = np.flatnonzero(~gap & np.concatenate([[True], gap[:-1]]))
    ends = np.flatnonzero(newline)
    cells = np.diff(np.searchsorted(starts, ends), prepend=0)
    empty = np.diff(ends, prepend=-1) == 1
    if not ((cells == width) | empty).all():
        return None
    return np.append(starts, len(chunk)).astype(np.int32)


def _delimited(chunk: Characters, width: int, delimiter: int) -> Offsets | None:
    """Return offsets as `_fixed` of cells that a delimiter or a line end closes, without empty lines."""
    newline = chunk == NEWLINE
    empty = newline & np.concatenate([[True], newline[:-1]])
    ends = np.flatnonzero(((chunk == delimiter) | newline) & ~empty)
    last = newline[ends]
    if len(ends) % width or not (last.reshape(-1, width) == (np.arange(width) == width - 1)).all():
        return None
    return np.concatenate([[0], ends + 1]).astype(np.int32)


def _numbers(chunk: Characters, offsets: Offsets | None, trimmed: pc.TrimOptions) -> NDArray[np.float64] | None:
    """Return the number in each cell; None if there are no offsets, or any cell is not a number."""
    if offsets is None:
        return None
    cells = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(chunk))
    try:
        numbers: NDArray[np.float64] = pc.ascii_trim(cells, options=trimmed).cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    return numbers
