"""Outputs under temporary names, and their publication in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aemodels.core.errors import SondeflowError
from aemodels.io.files.atomic import PART_SUFFIX, sync
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from tasks.storage.parts import Piece

FLUSHES = 16


class ChangedError(SondeflowError):
    """The input was changed or removed after it was read; the next run takes it again."""


@dataclass(frozen=True)
class BundleLabel:
    """Name and version under which a bundle's scores are filed, and the address of its card, "" if there is none."""

    name: str
    version: str
    card: str = ""

    def __str__(self) -> str:
        return f"{self.name}-v{self.version}"


@dataclass(frozen=True)
class Destination:
    """Destination of the outputs of one file.

    Args:
        outbox: root of the outbox.
        label: label of the bundle.
        own_folder: another version has published the same content, so copy and report, whose names contain no version,
            go to a folder of this version.
        temp_prefix: prefix of the names of temporary files, which identifies the worker.
        limits: up to which a packed input is unpacked.
    """

    outbox: Path
    label: BundleLabel
    own_folder: bool = False
    temp_prefix: str = ""
    limits: SizeLimits = DEFAULT_LIMITS


@dataclass(frozen=True)
class Staged:
    """A complete output under a temporary name.

    Args:
        temporary: its path.
        target: its final path or address.
        sha256: of its bytes.
        pieces: parts of it that the store of its outbox has already.
    """

    temporary: str
    target: str
    sha256: str
    pieces: tuple[Piece, ...] = ()


def publish(batches: Iterable[Sequence[Staged]]) -> None:
    """Rename staged outputs of one or more files to their final names, flushed to disk.

    Raises:
        OSError: if an output cannot be flushed or renamed; the scores of its file are then not published.
    """
    files = list(batches)
    with ThreadPoolExecutor(FLUSHES) as pool:  # concurrent flushes cost a file system little more than one
        list(pool.map(sync, [Path(item.temporary) for staged in files for item in staged]))
    for group in ([item for staged in files for item in staged[:-1]], [staged[-1] for staged in files]):
        for item in group:
            os.replace(item.temporary, item.target)  # noqa: PTH105 - atomic rename
        for folder in sorted({os.path.dirname(item.target) for item in group}):  # noqa: PTH120
            sync(Path(folder))


def discard(staged: Iterable[Staged]) -> None:
    """Delete staged outputs."""
    for item in staged:
        Path(item.temporary).unlink(missing_ok=True)


def remove_temporary_files(outbox: Path, temp_prefix: str) -> int:
    """Delete the temporary files of a dead worker; return their number."""
    found = 0
    for folder, _, names in os.walk(outbox):
        for name in names:
            if name.startswith(f".{temp_prefix}") and name.endswith(PART_SUFFIX):
                (Path(folder) / name).unlink(missing_ok=True)
                found += 1
    return found
