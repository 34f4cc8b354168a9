"""Which suffix is read by which reader, and the one door through which files come in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from aemodels.errors import UnreadableFileError
from aemodels.io.atomic import PART_SUFFIX
from aemodels.io.las import read_las
from aemodels.io.segy import read_segy
from aemodels.types import Finding, Recording

READERS: dict[str, Callable[[Path], Recording]] = {".las": read_las, ".sgy": read_segy, ".segy": read_segy}
UNFINISHED = (PART_SUFFIX, ".tmp", ".crdownload", "~")


def read(path: Path, *, aliases: Path | None = None) -> Recording:
    """Read a file of any known suffix (case does not matter).

    Args:
        path: the file.
        aliases: a user's file of mnemonics and units, for logs.

    Returns:
        The recording, with findings for whatever was doubtful.

    Raises:
        UnreadableFileError: if the path is missing, a folder, not permitted, empty, of an unknown suffix, or refused by
            its reader; `.findings` say which.
    """
    reader = READERS.get(path.suffix.lower())
    try:
        finding = _refusal(path)
        if finding is None and reader is not None:
            return read_las(path, aliases=aliases) if reader is read_las else reader(path)
    except OSError as error:
        finding = _os_finding(path, error)
    raise UnreadableFileError((finding or _unknown_suffix(path),))


def list_files(root: Path) -> tuple[list[Path], list[tuple[Path, Finding]]]:
    """Files below a path, in sorted order.

    Hidden files and folders and unfinished downloads (.part, .tmp, .crdownload, ~) are passed over; links to folders
    are not followed.

    Args:
        root: a file or a folder.

    Returns:
        (files, problems): problems are the paths that could not be listed.
    """
    problems: list[tuple[Path, Finding]] = []

    def note(error: OSError) -> None:
        path = Path(error.filename or root)
        problems.append((path, _os_finding(path, error)))

    try:
        if not root.is_dir():
            root.stat()
            return [root], []
    except OSError as error:
        return [], [(root, _os_finding(root, error))]
    files: list[Path] = []
    for folder, subfolders, names in os.walk(root, onerror=note):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        files += [Path(folder) / name for name in names if not _passed_over(name)]
    return sorted(files), problems


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def _refusal(path: Path) -> Finding | None:
    """Why a path cannot be read at all; None where it can."""
    if path.is_dir():
        return Finding("error", "is-directory", "file", f"{path} is a folder", "a file", "name the files in it")
    status = path.stat()
    if not path.is_file():
        return Finding(
            "error", "not-regular", "file", f"{path} is a pipe, socket or device", "a file", "copy it to a file"
        )
    if status.st_size == 0:
        return Finding("error", "empty", "file", f"{path} holds 0 bytes", "a log or traces", "get the file again")
    with path.open("rb"):
        return None


def _unknown_suffix(path: Path) -> Finding:
    known = ", ".join(READERS)
    return Finding(
        "error", "unknown-suffix", "file", f"{path.name} ends in {path.suffix!r}", known, "convert it, or rename it"
    )


def _os_finding(path: Path, error: OSError) -> Finding:
    """A finding for what the operating system refused."""
    if isinstance(error, FileNotFoundError):
        return Finding("error", "missing", "file", f"nothing at {path}", "a file", "check the path")
    if isinstance(error, PermissionError):
        return Finding(
            "error", "no-permission", "file", f"{path} may not be read", "read permission", "chmod or chown it"
        )
    found = f"{path}: {type(error).__name__}: {error.strerror or error}"
    return Finding("error", "not-readable", "file", found, "a readable file", "check the disk or the mount")
