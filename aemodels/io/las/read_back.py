"""Check of the copy of a LAS file with added curves: it is read again before it is published."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Recording
from aemodels.curves.tables import load_aliases
from aemodels.io.added_curves import AddedCurve, copy_differs
from aemodels.io.las.file_sections import split_file
from aemodels.io.las.flagged_copy import FileRows
from aemodels.io.las.header import parse_number
from aemodels.io.las.multi_log import find_logs, read_rows

Column = NDArray[np.float64]


def read_file_rows(data: bytes) -> FileRows:
    """Read header and rows of the first log of a file, as the reader does.

    Raises:
        UnreadableFileError: if there is none.
    """
    file = split_file(data)
    header, table, _ = read_rows(file, find_logs(file)[0], load_aliases())
    return FileRows(header, table)


def check_copy(before: FileRows, content: bytes, added: Sequence[AddedCurve], recording: Recording) -> None:
    """Read a copy again: all columns of the file are as before, the added ones hold the added values.

    Args:
        before: rows of the file that was copied.
        content: bytes of the copy.
        added: the curves that were added.
        recording: the file as read; its axis is the depth of the added values.

    Raises:
        UnreadableFileError: if the copy cannot be read, or any value differs.
    """
    try:
        after = read_file_rows(content)
    except UnreadableFileError as error:
        reason = next(finding for finding in error.findings if finding.severity == "error")
        raise copy_differs("file", f"{reason.code}: {reason.found}") from error
    width, number = len(before.header.curves), len(added)
    if len(after.header.curves) != width + number or len(after.table.columns[0]) < len(before.table.columns[0]):
        found = f"{len(after.header.curves)} curves, {len(after.table.columns[0])} rows"
        raise copy_differs("file", f"{found}; {width + number} and {len(before.table.columns[0])} were written")
    kept = _rows_of(before, after)
    null = parse_number(after.header.well.get("NULL", ""))
    pairs = zip(before.header.curves, before.table.columns, after.table.columns, strict=False)
    for original, old, new in pairs:
        blank = np.isnan(old) & np.isin(new[kept], (-999.25 if null is None else null))
        if not np.array_equal(old[~blank], new[kept][~blank], equal_nan=True):
            raise copy_differs(f"curve {original.mnemonic}", "other values than in the file that was copied")
    samples = before.row_samples(recording)
    for curve, new in zip(added, after.table.columns[width:], strict=True):
        expected = np.where(samples >= 0, curve.values[samples], np.float32(np.nan))
        if not as_written(expected, new[kept], null):
            raise copy_differs(f"curve {curve.name}", "other values than those that were added")


def _rows_of(before: FileRows, after: FileRows) -> NDArray[np.int64]:
    """Return the row of the copy that holds each row of the file; rows that the reader skipped may be read now."""
    if len(after.table.columns[0]) == len(before.table.columns[0]):
        return np.arange(len(after.table.columns[0]))
    depths = [rows.table.columns[0] for rows in (before, after)]
    places = {depth: row for row, depth in reversed(list(enumerate(depths[1].tolist())))}
    return np.array([places.get(depth, 0) for depth in depths[0].tolist()], dtype=np.int64)


def as_written(expected: NDArray[np.float32], read: Column, null: float | None) -> bool:
    """Return True if values were read as they were written; a missing one is the NULL of the file or its standard."""
    with np.errstate(over="ignore"):
        found = read.astype(np.float32)
    missing = np.isnan(expected)
    nulls = np.isnan(found) | np.isin(found, np.array([-999.25 if null is None else null], dtype=np.float32))
    return bool((nulls | ~missing).all() and np.array_equal(found[~missing], expected[~missing]))
