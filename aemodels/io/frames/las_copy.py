"""Scored copies of DLIS and LIS files: LAS 2.0 files with the channels that were read and the added curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import AxisArray, BoolArray, Recording, Scores
from aemodels.io.added_curves import AddedCurve, copy_differs, flag_curves
from aemodels.io.frames.frame import Column, Frame
from aemodels.io.frames.open_file import open_frames
from aemodels.io.las.flagged_copy import NULL, format_values, free_names, plain_mnemonic, samples_at
from aemodels.io.las.header import LasCurve
from aemodels.io.las.multi_log import MIN_COVERED
from aemodels.io.las.read_back import as_written, read_file_rows
from aemodels.io.las.writer import LasColumns, las_text

Masked: TypeAlias = np.ma.MaskedArray[Any, Any]
WELL_ITEMS = ("WELL", "UWI", "API", "FLD", "COMP", "SRVC")


def write_scored_frames(source: Path, target: Path, recording: Recording, scores: Scores, history: str) -> None:
    """Write the channels of a recording and the curves that scoring adds (`flag_curves`) as a LAS 2.0 file.

    Channels keep mnemonic, unit and every value as the file stores them; the depth is in m and increases.

    Args:
        source: the file read; it is not changed.
        target: the file to write, in place.
        recording: the source as read.
        scores: of the recording.
        history: text of the history, one or more lines.

    Raises:
        UnreadableFileError: if the source cannot be read, or the copy does not read back as written.
        OSError: if a file cannot be opened.
    """
    curves, columns = _channels(source, recording)
    added = flag_curves(scores)
    names = free_names([curve.name for curve in added], [plain_mnemonic(curve.mnemonic) for curve in curves])
    table = LasColumns(
        [(curve.mnemonic, curve.unit, curve.description) for curve in curves]
        + [(name, curve.unit, curve.description) for name, curve in zip(names, added, strict=True)],
        [_cells(column) for column in columns] + [format_values(curve.values, NULL) for curve in added],
    )
    fields = {"WELL": recording.name} | {
        name: str(value) for name, value in recording.headers["well"].items() if name in WELL_ITEMS
    }
    content = las_text(recording.axis, table, fields, history).encode()
    _check(content, recording.axis, list(zip(curves, columns, strict=True)), added)
    target.write_bytes(content)


def _channels(source: Path, recording: Recording) -> tuple[list[LasCurve], list[Masked]]:
    """Return the channels of the frames that were read, one value per depth of the recording, in their stored types.

    Missing values are masked.
    """
    factors = dict(recording.headers["frames"])
    main = next(iter(factors))
    curves: list[LasCurve] = []
    columns: list[Masked] = []
    with open_frames(source, recording.headers["form"]) as (frames, _):
        for frame in (frame for frame in frames if frame.number in factors):
            share = 1.0 if frame.number == main else MIN_COVERED
            found, there = _at_depths(frame, factors[frame.number], recording.axis, share)
            known = [there & np.isfinite(column) & (column != frame.null) for column in found]
            masked = [np.ma.masked_array(column, ~good) for column, good in zip(found, known, strict=True)]
            at = 0 if frame.number == main else len(curves)
            curves[at:at], columns[at:at] = frame.curves[1:], masked
    return curves, columns


def _at_depths(frame: Frame, factor: float, axis: AxisArray, share: float) -> tuple[list[Column], BoolArray]:
    """Return the channels at each depth, and whether the frame has it.

    Raises:
        UnreadableFileError: if it has a smaller share of the depths than it must.
    """
    depth, *columns = frame.columns()
    samples = samples_at(factor * depth.astype(np.float64), axis)
    rows = np.full(axis.size, -1)
    rows[samples[samples >= 0]] = np.flatnonzero(samples >= 0)
    there = rows >= 0
    if there.mean() < share:
        raise copy_differs(frame.name, f"{int(there.sum())} depths of {axis.size} that were read before")
    return [column[rows] for column in columns], there


def _cells(column: Masked) -> list[str]:
    """Return each value with the fewest digits that read back as the same value of its type; NULL where masked."""
    stored = column.data.astype(np.int8) if column.dtype == np.bool_ else column.data
    cells: list[str] = np.where(np.ma.getmaskarray(column), NULL, stored.astype(str)).tolist()
    return cells


def _check(
    content: bytes, axis: AxisArray, channels: Sequence[tuple[LasCurve, Masked]], added: Sequence[AddedCurve]
) -> None:
    """Read the copy again: depths, channels and added curves are those that were written.

    Raises:
        UnreadableFileError: if they are not.
    """
    try:
        rows = read_file_rows(content)
    except UnreadableFileError as error:
        reason = next(finding for finding in error.findings if finding.severity == "error")
        raise copy_differs("file", f"{reason.code}: {reason.found}") from error
    depth, *columns = rows.table.columns
    if len(columns) != len(channels) + len(added) or not np.array_equal(depth, axis):
        raise copy_differs("file", f"{len(columns)} curves at {len(depth)} depths")
    for (curve, stored), read in zip(channels, columns, strict=False):
        missing = np.ma.getmaskarray(stored)
        same = np.array_equal(read[~missing].astype(stored.dtype), stored.data[~missing])
        if not same or (read[missing] != float(NULL)).any():
            raise copy_differs(f"curve {curve.mnemonic}", "other values than in the file that was copied")
    for more, read in zip(added, columns[len(channels) :], strict=True):
        if not as_written(more.values, read, float(NULL)):
            raise copy_differs(f"curve {more.name}", "other values than those that were added")
