"""Files with one secret, which only their owner can read."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from tasks.storage.folders import private_folder


def new_password() -> str:
    """Return 256 random bits as letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(32)


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """Return the line in a file; the first call writes it, and of several processes the first one decides.

    Args:
        path: the file, mode 0600; its folder is made for its owner only.
        make: returns the line, in ASCII.

    Raises:
        OSError: if the file can be neither read nor written.
    """
    private_folder(path.parent)
    own = _beside(path)
    if not path.exists():
        write_private(own, f"{make()}\n")
        with contextlib.suppress(FileExistsError):  # another process was first: its secret counts
            os.link(own, path)
        own.unlink()
    path.chmod(0o600)
    return path.read_text(encoding="ascii").strip()


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read, from its first byte on.

    Raises:
        FileExistsError: if it exists.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def replace_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in place of an earlier one."""
    own = _beside(path)
    write_private(own, text)
    own.replace(path)


def _beside(path: Path) -> Path:
    """Return a new hidden name in the same folder, of this process alone."""
    return path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
