"""Atomic writes: files appear complete or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART_SUFFIX = ".part"


def temporary_name(target: Path, prefix: str = "") -> Path:
    """Return a unique hidden name in the folder of `target` that starts with the prefix and ends in ".part".

    >>> temporary_name(Path("a/b.las"), "w1").name.startswith(".w1.")
    True
    """
    kept = target.name.encode("utf-8", "surrogateescape")[:100].decode(
        "utf-8", "ignore"
    )  # file names have at most 255 bytes
    return target.with_name(f".{prefix or 'new'}.{os.getpid()}.{secrets.token_hex(4)}.{kept}{PART_SUFFIX}")


@contextmanager
def atomic_path(target: Path, prefix: str = "") -> Iterator[Path]:
    """Write to a temporary path that replaces `target` if the block succeeds.

    The temporary file is in the same directory (a rename across file systems is not atomic), hidden, and ends in
    ".part", which `list_files` ignores. Missing parent directories are created.

    Args:
        target: path of the final file.
        prefix: start of the temporary name, which identifies its writer after a crash.

    Yields:
        The temporary path, an empty file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(target, prefix)
    # O_EXCL instead of mkstemp, which sets mode 0600; readers of an outbox need the mode of the umask.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Force a file or a directory entry to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
