"""A small file system, to run out of room on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system takes root")


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """Mount a small file system of the given size at a folder, which is made."""
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def resize_disk(place: Path, size: int) -> None:
    """Change the size of a small file system, in bytes; it cannot become smaller than what lies in it."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)
