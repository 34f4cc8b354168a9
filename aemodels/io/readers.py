"""The readers by suffix, and the one function through which files come in."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Source
from aemodels.io.files.atomic import PART_SUFFIX
from aemodels.io.files.gzip import content_suffix, is_packed, plain_file
from aemodels.io.files.hashing import sha256_file
from aemodels.io.files.machine_faults import is_machine_fault, machine_fault
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.formats import FORMATS, Reader, ReadOptions, find_format, known_suffixes
from aemodels.io.segy.header_positions import HeaderPositions
from aemodels.io.volume.store import is_store_folder

READERS: dict[str, Reader] = {suffix: form.read for form in FORMATS for suffix in form.suffixes}
UNFINISHED = (PART_SUFFIX, ".tmp", ".partial", ".crdownload", ".filepart", ".download", "~")


def read(
    path: Path,
    *,
    aliases: Path | None = None,
    positions: HeaderPositions | None = None,
    limits: SizeLimits = DEFAULT_LIMITS,
) -> Recording:
    """Read a file of any known suffix (case does not matter), plain or gzip'd (".las.gz").

    Args:
        path: the file.
        aliases: a user's file of mnemonics and units, for logs.
        positions: where SEG-Y trace headers hold lines and coordinates; None = the reader looks for them.
        limits: sizes beyond which a file is refused.

    Returns:
        The recording, with findings for whatever was doubtful.

    Raises:
        LargeFileError: if it exceeds `limits.whole` bytes and its format can be read block by block; `read_blocks`
            reads it.
        UnreadableFileError: if the path is missing, a folder, not permitted, empty, of an unknown suffix, or refused by
            its reader; `.findings` say which.
        MachineFaultError: if there is no disk space or memory for any file.
    """
    reader = READERS.get(content_suffix(path))
    options = ReadOptions(aliases, positions, limits)
    try:
        finding = _refusal(path, limits)
        if finding is None and reader is not None:
            return _read_packed(path, reader, options) if is_packed(path) else reader(path, options)
    except OSError as error:
        if is_machine_fault(error):
            raise machine_fault(error, f"reading {path}") from error
        finding = _os_finding(path, error)
    raise UnreadableFileError((finding or _unknown_suffix(path),))


def read_blocks(
    path: Path, *, traces: int, positions: HeaderPositions | None = None, limits: SizeLimits = DEFAULT_LIMITS
) -> Iterator[Recording]:
    """Read a file of a format that allows it, plain or gzip'd, block by block: memory does not grow with the file.

    Args:
        path: the file.
        traces: channels per block; the last block may have fewer.
        positions: as for `read`.
        limits: as for `read`; `limits.whole` does not count.

    Yields:
        Recordings as the block reader of the format gives them; identity and name are those of the file, packed or not.

    Raises:
        UnreadableFileError: as for `read`.
    """
    source, form, options = None, find_format(path), ReadOptions(positions=positions, limits=limits)
    try:
        finding = _refusal(path, limits)
        if finding is None and form is not None and form.block_reader is not None:
            with plain_file(path, limits) as plain:
                for block in form.block_reader(plain, traces, options):
                    source = source or Source(str(path), sha256_file(path) if is_packed(path) else block.source.sha256)
                    yield dataclasses.replace(block, source=source)
            return
    except OSError as error:
        if is_machine_fault(error):
            raise machine_fault(error, f"reading {path}") from error
        finding = _os_finding(path, error)
    raise UnreadableFileError((finding or _unknown_suffix(path),))


def _read_packed(path: Path, reader: Reader, options: ReadOptions) -> Recording:
    """Read what a gzip'd file holds; identity and name are the packed file's."""
    with plain_file(path, options.limits) as plain:
        finding = _refusal(plain, options.limits)
        if finding is not None:
            raise UnreadableFileError((dataclasses.replace(finding, found=f"{path} unpacks to 0 bytes"),))
        recording = reader(plain, options)
    return dataclasses.replace(recording, source=Source(str(path), sha256_file(path)))


def list_files(root: Path) -> tuple[list[Path], list[tuple[Path, Finding]]]:
    """Files below a path, in sorted order.

    A Zarr store that is a folder counts as one file. Hidden files and folders and unfinished downloads
    (`UNFINISHED`) are passed over; links to folders are not followed, and links to files that lead out of the root are
    problems.

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
        if not root.is_dir() or is_store_folder(root):
            root.stat()
            return [root], []
    except OSError as error:
        return [], [(root, _os_finding(root, error))]
    files: list[Path] = []
    for folder, subfolders, names in os.walk(root, onerror=note):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        stores = [name for name in subfolders if is_store_folder(Path(folder) / name)]
        subfolders[:] = [name for name in subfolders if name not in stores]
        files += [Path(folder) / name for name in stores if not passed_over(name)]
        files += [Path(folder) / name for name in names if not passed_over(name)]
    outside = [path for path in files if path.is_symlink() and not _real(path).is_relative_to(_real(root))]
    problems += [(path, _outside(path, root)) for path in sorted(outside)]
    return sorted(set(files) - set(outside)), problems


def passed_over(name: str) -> bool:
    """Return True for the name of a hidden or unfinished file or folder."""
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def _refusal(path: Path, limits: SizeLimits) -> Finding | None:
    """Why a path cannot be read at all; None where it can."""
    if path.is_dir():
        if is_store_folder(path):
            return None  # its reader checks it
        return Finding("error", "is-directory", "file", f"{path} is a folder", "a file", "name the files in it")
    status = path.stat()
    if not path.is_file():
        return Finding(
            "error", "not-regular", "file", f"{path} is a pipe, socket or device", "a file", "copy it to a file"
        )
    if status.st_size == 0:
        return Finding("error", "empty", "file", f"{path} holds 0 bytes", "a log or traces", "get the file again")
    if status.st_size > limits.stored:
        found, expected = f"{path} holds {status.st_size} bytes", f"at most {limits.stored}"
        return Finding("error", "too-large", "file", found, expected, "split it, or raise SONDEFLOW_MAX_FILE_BYTES")
    with path.open("rb"):
        return None


def _real(path: Path) -> Path:
    """Return the end of all links of a path (`Path.resolve` raises on circular links)."""
    return Path(os.path.realpath(path))


def _outside(path: Path, root: Path) -> Finding:
    found = f"{path} is a link to {_real(path)}"
    return Finding("error", "outside-root", "file", found, f"a file below {root}", "copy the file there, or name it")


def _unknown_suffix(path: Path) -> Finding:
    found = f"{path.name} ends in {path.suffix!r}"
    return Finding("error", "unknown-suffix", "file", found, known_suffixes(), "convert it, or rename it")


def _os_finding(path: Path, error: OSError) -> Finding:
    """Return the finding for a refusal of the operating system."""
    if isinstance(error, FileNotFoundError):
        return Finding("error", "missing", "file", f"nothing at {path}", "a file", "check the path")
    if isinstance(error, PermissionError):
        return Finding(
            "error", "no-permission", "file", f"{path} may not be read", "read permission", "chmod or chown it"
        )
    found = f"{path}: {type(error).__name__}: {error.strerror or error}"
    return Finding("error", "not-readable", "file", found, "a readable file", "check the disk or the mount")
