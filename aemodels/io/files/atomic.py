"""Files appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART_SUFFIX = ".part"


def temporary_name(target: Path, prefix: str = "") -> Path:
    """A hidden name beside `target` that nobody has, ending in ".part"; the prefix stands at its front.

    >>> temporary_name(Path("a/b.las"), "w1").name.startswith(".w1.")
    True
    """
    kept = target.name.encode("utf-8", "surrogateescape")[:100].decode("utf-8", "ignore")  # 255 bytes are a name's most
    return target.with_name(f".{prefix or 'new'}.{os.getpid()}.{secrets.token_hex(4)}.{kept}{PART_SUFFIX}")


@contextmanager
def atomic_path(target: Path, prefix: str = "") -> Iterator[Path]:
    """Write to a temporary path that becomes `target` only if the block succeeds.

    The temporary file lies in the same directory (a rename across file systems is not atomic), is hidden, and
    ends in ".part", which `list_files` ignores. Missing parent directories are made.

    Args:
        target: where the file shall be.
        prefix: begins the temporary name; says whose it is, should its writer die.

    Yields:
        The temporary path; an empty file lies there.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(target, prefix)
    # O_EXCL by hand rather than mkstemp: mkstemp forces mode 0600, readers of an outbox need the umask's mode.
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
