"""LAS writers: a recording as a new file, and a copy of a file with added curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aemodels.core.errors import DataError, UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import AxisArray, Recording, Scores
from aemodels.curves.canonical import CANONICAL
from aemodels.io.added_curves import AddedCurve, flag_curves
from aemodels.io.files.atomic import atomic_path
from aemodels.io.las.flagged_copy import NULL, curve_line, flagged_lines, format_values, one_line
from aemodels.io.las.read_back import check_copy, read_file_rows
from aemodels.io.las.text_sections import parse_text

__all__ = ["AddedCurve", "flagged_bytes", "write_flagged_las", "write_las", "write_scored_las"]


def write_las(recording: Recording, path: Path) -> None:
    """Write a recording of kind "logs" as an unwrapped LAS 2.0 file, depth in m.

    Values and depths are written with enough digits to be read back exactly.

    Args:
        recording: the well.
        path: the file to write, atomically.

    Raises:
        DataError: if the recording is not of kind "logs".
    """
    if recording.kind != "logs":
        raise DataError(f"{recording.source.uri}: kind is {recording.kind!r}; expected 'logs' for a LAS file")
    table = LasColumns(
        tuple(
            (channel.name, channel.unit or _canonical_unit(channel.name), str(channel.headers.get("description", "")))
            for channel in recording.channels
        ),
        [format_values(row, NULL) for row in recording.values],
    )
    text = las_text(recording.axis, table, {"WELL": recording.name})
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@dataclass(frozen=True, eq=False)
class LasColumns:
    """Curves to write: (mnemonic, unit, description) of each, and the text of its cells, one per depth."""

    curves: Sequence[tuple[str, str, str]]
    cells: Sequence[Sequence[str]]


def las_text(axis: AxisArray, table: LasColumns, well: Mapping[str, str], history: str = "") -> str:
    """Return an unwrapped LAS 2.0 file, depth in m, with enough digits of each depth to be read back exactly.

    Args:
        axis: float64[sample], depth in m, increasing.
        table: the curves; a missing value is written as -999.25.
        well: further items of the ~Well section.
        history: text of the ~Other section, "" for none.
    """
    depth = [repr(float(value)) for value in axis]
    step = np.diff(axis)
    regular = step.size > 0 and np.ptp(step) < 1e-3 * step[0]
    lines = [
        "~Version",
        " VERS. 2.0 : CWLS LOG ASCII STANDARD - VERSION 2.0",
        " WRAP. NO : ONE LINE PER DEPTH STEP",
        "~Well",
    ]
    lines += [f" STRT.m {depth[0]} : START DEPTH", f" STOP.m {depth[-1]} : STOP DEPTH"]
    lines += [f" STEP.m {float(np.median(step)) if regular else 0.0:.6g} : STEP", f" NULL. {NULL} : NULL VALUE"]
    lines += [f" {name}. {one_line(value)} : {name}" for name, value in well.items()]
    lines += ["~Curve", " DEPT.m : DEPTH", *(curve_line(*curve) for curve in table.curves)]
    if history:
        lines += ["~Other", *(f" {line.strip().lstrip('~#')}" for line in history.splitlines() if line.strip())]
    lines.append("~Ascii")
    lines += [" ".join(cells) for cells in zip(depth, *table.cells, strict=True)]
    return "\n".join(lines) + "\n"


def _canonical_unit(name: str) -> str:
    return CANONICAL[name].unit if name in CANONICAL else ""


def write_flagged_las(
    source: Path, target: Path, added: Sequence[AddedCurve], recording: Recording, history: str
) -> None:
    """Write a copy of a LAS file with added curves and a history; see `flagged_bytes`.

    Args:
        source: the source file; it is not changed.
        target: the file to write, atomically.
        added: the curves to add.
        recording: the source as read by `read_las`.
        history: text of the history, one or more lines.

    Raises:
        DataError: if the length of a curve is not that of the axis.
        UnreadableFileError: if the source is not a readable LAS file.
    """
    content = flagged_bytes(source, added, recording, history)
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)


def write_scored_las(source: Path, target: Path, recording: Recording, scores: Scores, history: str) -> None:
    """Write a file's own text again with the curves that scoring adds (`flag_curves`) and a history.

    Args:
        source: the source file; it is not changed.
        target: the file to write, in place.
        recording: the source as read by `read_las`.
        scores: of the recording.
        history: text of the history, one or more lines.

    Raises:
        UnreadableFileError: if the source is not a readable LAS file.
    """
    target.write_bytes(flagged_bytes(source, flag_curves(scores), recording, history))


def flagged_bytes(source: Path, added: Sequence[AddedCurve], recording: Recording, history: str) -> bytes:
    """Return the text of a LAS file with added curves and a history.

    Header lines and original values are unchanged; new curves follow the last curve, the history is added to ~Other,
    and new values are appended to each data line. A wrapped file is unwrapped (WRAP is set to NO), since values added
    to wrapped lines would not be readable by other programs. A new value equal to the NULL of the file (0, for
    example) reads as missing.

    Args:
        source: the source file; it is not changed.
        added: the curves to add; a mnemonic that exists already gets a number.
        recording: the source as read by `read_las`; its axis is the depth of the added values.
        history: text of the history, one or more lines.

    Raises:
        DataError: if the length of a curve is not that of the recording.
        UnreadableFileError: if the source is not a readable LAS file, or the text does not read back as written.
    """
    for curve in added:
        if curve.values.shape != recording.axis.shape:
            raise DataError(f"{curve.name}: {curve.values.size} values; expected {recording.axis.size}, one per depth")
    data = source.read_bytes()
    text = parse_text(data)
    if not (text.of_kind("A") and text.of_kind("C")):
        remedy = "check it with `sondeflow check`"
        finding = Finding("error", "no-data", "file", "no ~A or no ~Curve section", "a LAS file", remedy)
        raise UnreadableFileError((finding,))
    rows = read_file_rows(data)
    lines = flagged_lines(text, rows, added, recording, history)
    content = "".join(lines).encode(text.codec, errors="replace")
    check_copy(rows, content, added, recording)
    return content
