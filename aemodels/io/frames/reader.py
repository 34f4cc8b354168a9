"""Readers of DLIS and LIS files: one frame becomes a Recording with canonical curves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding, Severity
from aemodels.core.types import Recording, Source
from aemodels.curves.tables import Aliases, load_aliases
from aemodels.io.files.hashing import sha256_file
from aemodels.io.frames.frame import Frame
from aemodels.io.frames.library import Damage, not_decodable
from aemodels.io.frames.open_file import open_frames
from aemodels.io.las.curves import to_channels
from aemodels.io.las.file_sections import refusal
from aemodels.io.las.multi_log import LasLog, OtherLog, join_logs

MAX_OTHERS = 20  # left-out frames that are reported one by one
SHOWN = 5


def read_dlis(path: Path, *, aliases: Path | None = None, frame: int | None = None) -> Recording:
    """Read a DLIS file (RP66 version 1): one of its frames, and those of the same logical file with the same depths.

    Frames of finer steps are read at these depths. No sample is interpolated.

    Args:
        path: the file.
        aliases: a user's file of mnemonics and units, which takes precedence over the built-in one.
        frame: number of the frame in the file, from 1; by default the one with most canonical curves
            that has rows.

    Returns:
        A recording of kind "logs", as `aemodels.io.las.reader.read_las` returns it. Other frames and wells, and
        channels of several numbers per depth are left out, each with a finding.

    Raises:
        UnreadableFileError: if the file has no usable frame, or dlisio is not installed.
        SpecError: if the aliases file is invalid.
        OSError: if the file cannot be opened.
    """
    return _read(path, "DLIS", load_aliases(override=aliases), frame)


def read_lis(path: Path, *, aliases: Path | None = None, frame: int | None = None) -> Recording:
    """Read a LIS 79 file: one of its frames (data format specifications), as `read_dlis`.

    Of a channel with several samples per depth the one at that depth is read.

    Args:
        path: the file.
        aliases: as for `read_dlis`.
        frame: as for `read_dlis`.

    Returns:
        A recording of kind "logs", as `read_dlis` returns it.

    Raises:
        UnreadableFileError: as for `read_dlis`.
        SpecError: if the aliases file is invalid.
        OSError: if the file cannot be opened.
    """
    return _read(path, "LIS", load_aliases(override=aliases), frame)


def _read(path: Path, form: str, aliases: Aliases, chosen: int | None) -> Recording:
    with open_frames(path, form) as (frames, damage):
        main, log = _first_readable(_candidates(frames, damage, aliases, (form, chosen)), aliases)
        others = [frame for frame in frames if frame is not main]
        factors: dict[int, float] = {}  # number of each other frame that was read -> metres per unit of its index
        rest = [_other(frame, main, form, (aliases, factors)) for frame in others[:MAX_OTHERS]]
        curves, columns, findings = join_logs(log, rest)
        axis, factor = log.index.axis, log.index.factor
        values, channels, noticed = to_channels(curves, columns, aliases)
        joined = [others[order - 1].number for order in sorted({curve.order for curve in curves} - {0})]
    return Recording(
        values=values,
        axis=axis,
        channels=channels,
        kind="logs",
        source=Source(str(path), sha256_file(path)),
        name=main.well.get("WELL", "") or path.stem,
        headers={
            "well": dict(main.well),
            "encoding": "",
            "depth_unit": main.curves[0].unit,
            "depth_factor": factor,
            "form": form,
            "frames": ((main.number, factor), *((number, factors[number]) for number in joined)),
        },
        findings=(*damage.findings(), *findings, *_more(others[MAX_OTHERS:]), *noticed),
    )


def _first_readable(candidates: Sequence[Frame], aliases: Aliases) -> tuple[Frame, LasLog]:
    """Read the first frame that has usable rows: a frame may be described, and described again before its rows.

    Raises:
        UnreadableFileError: that of the first frame, if none has.
    """
    refused: UnreadableFileError | None = None
    for frame in candidates:
        try:
            return frame, frame.read(aliases)
        except UnreadableFileError as error:
            refused = refused or error
    raise refused or ValueError("no frame")


def _candidates(
    frames: Sequence[Frame], damage: Damage, aliases: Aliases, wanted: tuple[str, int | None]
) -> list[Frame]:
    """Return the frames indexed by depth, that with most canonical curves first; or only the wanted one.

    Raises:
        UnreadableFileError: if no frame has a depth index.
    """
    form, number = wanted
    if not frames:
        raise not_decodable(form, damage.notes[0] if damage.notes else "no frame with channels")
    depths = [frame for frame in frames if frame.has_depth(aliases)]
    candidates = depths if number is None else [frame for frame in frames if frame.number == number]
    if number is not None and not candidates:
        raise refusal("no-data", "file", f"{len(frames)} frames", f"at least {number}", "choose an existing frame")
    if not candidates:
        shown = [f"{frame.name}: {frame.problem or f'index {frame.index}'}" for frame in frames[:SHOWN]]
        found, expected = "; ".join(shown) + (" ..." if len(frames) > SHOWN else ""), "a frame indexed by depth"
        raise refusal("no-depth-index", "file", found, expected, "export the logs indexed by depth")
    return sorted(candidates, key=lambda frame: (-len(frame.known(aliases)), frame.number))


def _other(frame: Frame, main: Frame, form: str, known: tuple[Aliases, dict[int, float]]) -> OtherLog:
    """Return another frame as one to join; it is read only if it may have the depths of the main one."""
    aliases, factors = known
    lost = frame.known(aliases) - (main.known(aliases) if frame.group == main.group else frozenset())
    severity: Severity = "warning" if lost and frame.has_depth(aliases) else "info"
    name = f"frame {frame.number}"
    well = frame.well.get("WELL", "")
    if frame.group != main.group and well:
        name += f" of well {well!r}"
    remedy = f"read it with `read_{form.lower()}(path, frame={frame.number})`, or write one file per frame"
    return OtherLog(name, frame.name, remedy, partial(_read_other, frame, main, aliases, factors), severity, finer=True)


def _read_other(frame: Frame, main: Frame, aliases: Aliases, factors: dict[int, float]) -> LasLog | str:
    """Read another frame; a text that describes it if its depths cannot be those of the main one."""
    shown = ", ".join(curve.name for curve in frame.curves[1 : SHOWN + 1]) + (
        " ..." if len(frame.curves) > SHOWN + 1 else ""
    )
    if frame.problem or not frame.has_depth(aliases):
        return frame.problem or f"{shown or 'no channel of one number'}, index {frame.index}"
    if frame.group == main.group and frame.rows >= main.rows:
        log = frame.read(aliases)
        factors[frame.number] = log.index.factor
        return log
    return f"{shown}, {frame.rows} rows, index {frame.index}" if frame.rows else f"{shown}, index {frame.index}"


def _more(frames: Sequence[Frame]) -> tuple[Finding, ...]:
    if not frames:
        return ()
    found, remedy = f"{len(frames)} further frames, from {frames[0].name}", "write one file per frame"
    return (Finding("warning", "other-section", "file", found, "one frame", f"skipped; {remedy}"),)
