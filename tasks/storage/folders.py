"""Folders that are written atomically."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Fill a temporary folder that is renamed to `target` if the block succeeds; an existing target is kept.

    Args:
        target: the final folder; its parents are created.

    Yields:
        An empty folder to write to.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(mkdtemp(dir=target.parent, prefix=".making-"))
    try:
        filling = temporary / "folder"
        filling.mkdir()
        yield filling
        if not target.exists():  # another worker may have written the same content first
            filling.rename(target)
    finally:
        shutil.rmtree(temporary)


def private_folder(path: Path) -> Path:
    """Create a folder that only its owner can enter, with its parents; an existing one is kept as it is."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def mark_used(path: Path) -> None:
    """Set the time of a cached file or folder to now: what was not used for long is removed by age."""
    with contextlib.suppress(OSError):  # of another user, or on a disk that is read-only
        os.utime(path)
