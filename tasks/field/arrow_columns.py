"""Columns of an Arrow table as NumPy arrays, read from their buffers.

`to_numpy` and `fill_null` of pyarrow import pandas, which takes as long as the rest of an incremental scorecard.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_FLOATS = {"float": "float32", "double": "float64"}


def filled(column: pa.ChunkedArray, missing: Any) -> NDArray[Any]:
    """Return a column of numbers or booleans with `missing` in place of nulls.

    >>> filled(pa.chunked_array([[1.5, None], [2.0]]), float("nan")).tolist()
    [1.5, nan, 2.0]
    """
    parts = [_part(chunk, missing) for chunk in column.chunks]
    return np.concatenate(parts) if parts else np.empty(0)


def _part(chunk: pa.Array, missing: Any) -> NDArray[Any]:
    rows = slice(chunk.offset, chunk.offset + len(chunk))
    valid, data = chunk.buffers()
    if pa.types.is_boolean(chunk.type):
        values = _bits(data, rows).astype(np.bool_)
    else:
        dtype = _FLOATS.get(str(chunk.type), str(chunk.type))  # int8, int64, …
        values = np.frombuffer(data, dtype=dtype)[rows] if len(chunk) else np.empty(0, dtype)
    if not chunk.null_count:
        return values
    return np.where(_bits(valid, rows).astype(np.bool_), values, np.asarray(missing, dtype=values.dtype))


def _bits(buffer: pa.Buffer | None, rows: slice) -> NDArray[np.uint8]:
    if buffer is None:
        return np.zeros(rows.stop - rows.start, dtype=np.uint8)
    return np.unpackbits(np.frombuffer(buffer, dtype=np.uint8), bitorder="little")[rows]
