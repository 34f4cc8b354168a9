"""Scored copies of Parquet files: the file's own table with further columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from aemodels.core.types import FloatArray, Recording, Scores
from aemodels.io.added_curves import copy_differs, flag_curves
from aemodels.io.las.flagged_copy import free_names, samples_at
from aemodels.io.parquet.columns import as_numbers
from aemodels.io.parquet.reader import open_parquet

HISTORY = b"sondeflow.history"


def write_scored_parquet(source: Path, target: Path, recording: Recording, scores: Scores, history: str) -> None:
    """Write a file's own table again with the columns that scoring adds (`flag_curves`).

    Rows, columns, types and metadata stay as they are; the added columns are float32 with their unit in the metadata,
    null where a value is missing. The history goes to the metadata of the table.

    Args:
        source: the file read; it is not changed.
        target: the file to write, in place.
        recording: the source as `read_parquet` returns it.
        scores: of the recording.
        history: text of the history.

    Raises:
        UnreadableFileError: if the copy does not read back as written.
        OSError: if a file cannot be opened.
    """
    with open_parquet(source) as file:
        table = file.read(use_threads=False)
    depth = as_numbers(table.column(recording.headers["depth_place"]))
    samples = samples_at(recording.headers["depth_factor"] * depth, recording.axis)
    added = flag_curves(scores)
    columns = [np.where(samples >= 0, curve.values[samples], np.float32(np.nan)) for curve in added]
    names = free_names([curve.name for curve in added], table.column_names)
    copy = table
    for name, curve, values in zip(names, added, columns, strict=True):
        unit = {b"unit": curve.unit.encode()} if curve.unit else None
        metadata = {b"description": curve.description.encode()} | (unit or {})
        copy = copy.append_column(
            pa.field(name, pa.float32(), metadata=metadata), pa.array(values, mask=np.isnan(values))
        )
    copy = copy.replace_schema_metadata({**(table.schema.metadata or {}), HISTORY: history.encode()})
    pq.write_table(copy, target, compression="zstd")
    _check(target, table, list(zip(names, columns, strict=True)))


def _check(target: Path, table: pa.Table, added: Sequence[tuple[str, FloatArray]]) -> None:
    """Read the copy again: the columns are those of the table and the added ones.

    Raises:
        UnreadableFileError: if they are not.
    """
    with open_parquet(target) as file:
        copy = file.read(use_threads=False)
    width = table.num_columns
    if copy.num_columns != width + len(added) or copy.num_rows != table.num_rows:
        raise copy_differs("file", f"{copy.num_columns} columns, {copy.num_rows} rows")
    for number, column in enumerate(table.columns):
        if not _equal(copy.column(number), column):
            raise copy_differs(f"column {table.column_names[number]}", "other values than in the file that was copied")
    for number, (name, values) in enumerate(added, start=width):
        if not np.array_equal(copy.column(number).to_numpy().astype(np.float32), values, equal_nan=True):
            raise copy_differs(f"column {name}", "other values than those that were added")


def _equal(first: pa.ChunkedArray, second: pa.ChunkedArray) -> bool:
    """Return True if columns have equal values; NaN equals NaN."""
    if first.equals(second):
        return True
    if not pa.types.is_floating(first.type) or first.null_count != second.null_count:
        return False
    return np.array_equal(first.to_numpy(), second.to_numpy(), equal_nan=True)
