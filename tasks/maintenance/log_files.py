"""Rotation of the log files in the home folder and of its stack; their writers go on with the same open file."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from aemodels.io.files.atomic import atomic_path
from tasks.maintenance.removal import Removed, Step

KEPT = 7
FOLDERS = ("logs", "stack")
MEGABYTE = 1_000_000


def log_files(step: Step) -> Removed:
    """Pack log files that have grown too large, and remove the oldest packed ones.

    A file is copied and then emptied, because its writer has it open; what is written at that moment may be lost.
    """
    for path in (path for folder in FOLDERS for path in sorted((step.settings.home / folder).glob("*.log"))):
        size = path.stat().st_size
        if size > step.settings.log_mb * MEGABYTE:
            step.count(size)
            if not step.dry_run:
                _rotate(path)
    return step.done("log files")


def _rotate(path: Path) -> None:
    numbered = [path.with_name(f"{path.name}.{number}.gz") for number in range(1, KEPT + 1)]
    for older, newer in zip(reversed(numbered[1:]), reversed(numbered[:-1]), strict=True):
        if newer.exists():
            newer.replace(older)
    with atomic_path(numbered[0]) as temporary, path.open("rb") as reading, gzip.open(temporary, "wb") as writing:
        temporary.chmod(path.stat().st_mode & 0o777)
        shutil.copyfileobj(reading, writing)
    with path.open("r+b") as stream:
        stream.truncate(0)
