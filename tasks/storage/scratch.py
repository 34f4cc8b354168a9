"""Folders for the temporary files of processes; what a killed process leaves is removed by the next one.

All lie in one folder of the system's temporary one, for its owner only. A process holds a lock in its folder, which the
system releases however the process ends.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

_LOCK = "lock"


@dataclass(frozen=True, eq=False)
class Scratch:
    """A folder of this process, and the descriptor of its lock."""

    folder: Path
    lock: int

    def remove(self) -> None:
        """Delete the folder with its content, and release the lock."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.lock)


def scratch_root() -> Path:
    """Return the folder of all such folders.

    Raises:
        PermissionError: if another user made it, or a link lies there.
    """
    root = Path(tempfile.gettempdir()) / f"sondeflow-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    status = root.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise PermissionError(f"{root} is not a folder of this user; remove it, or set TMPDIR to another folder")
    return root


def new_scratch() -> Scratch:
    """Make a folder for this process, after removing those of processes that have ended."""
    root = scratch_root()
    sweep_scratch(root)
    while True:
        folder = root / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / _LOCK).exists():
            return Scratch(folder, lock)
        os.close(lock)  # another process took it for a leftover before it was locked


def sweep_scratch(root: Path) -> int:
    """Remove the folders of processes that have ended; return their number."""
    found = 0
    for folder in root.iterdir():
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # being made, or removed, at this moment
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
            found += 1
        finally:
            os.close(lock)
    return found
