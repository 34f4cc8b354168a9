"""Rows of values as an Arrow table, by way of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.json as pj

_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
_PARTS = frozenset({dict, list, tuple})


def rows_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return a table of rows with the same keys; what has parts becomes JSON text, an empty column has type null.

    `pa.array` and all that calls it import pandas, which takes longer than a thousand wells.

    Args:
        rows: values are None, bool, int, finite float, str, or have parts.
    """
    if not rows:
        return pa.table({})
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    kinds = {key: {type(value) for value in values} - {type(None)} for key, values in columns.items()}
    for key in (key for key, found in kinds.items() if found & _PARTS):
        columns[key] = [json.dumps(one, ensure_ascii=False) if type(one) in _PARTS else one for one in columns[key]]
    schema = pa.schema([pa.field(key, _type(found)) for key, found in kinds.items()])
    lines = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    text = "\n".join(json.dumps(line, ensure_ascii=False, allow_nan=False) for line in lines)
    content = text.encode("utf-8", errors="replace")
    return pj.read_json(
        pa.BufferReader(content),
        read_options=pj.ReadOptions(block_size=len(content) + 1),
        parse_options=pj.ParseOptions(explicit_schema=schema),
    )


def _type(found: set[type]) -> pa.DataType:
    if not found:
        return pa.null()
    if found & _PARTS:
        return pa.string()
    return _TYPES[float] if found == {int, float} else _TYPES[next(iter(found))]
