"""Opening of files that strangers deliver: what was opened is checked, not the name."""

from __future__ import annotations

import io
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class NotRegularError(OSError):
    """A pipe, socket, device or folder where a file is expected."""


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file for reading; a pipe that stands in its place is refused instead of waited for.

    Raises:
        NotRegularError: if it is no regular file.
        OSError: if it cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError(f"{path} is a folder, pipe, socket or device")
    return os.fdopen(descriptor, "rb")


def real_path(stream: BinaryIO, path: Path) -> Path:
    """Return the path of an open file without links; on systems that do not tell, that of its name."""
    link = Path(f"/proc/self/fd/{stream.fileno()}")
    return Path(os.path.realpath(link if link.exists() else path))


def is_below(stream: BinaryIO, path: Path, root: Path) -> bool:
    """Return whether an open file lies below a folder, or is what the folder's name itself leads to."""
    return real_path(stream, path).is_relative_to(os.path.realpath(root))


@contextmanager
def pinned_file(path: Path) -> Iterator[Path]:
    """Open a file, and provide a path that leads to what was opened, whatever becomes of its name or its folders.

    Whoever may write to the folder of a file can put another one in its place between two looks at it, and back again.
    The path is a link of the same name in a temporary folder; on systems without /proc it is that of the file.

    Raises:
        NotRegularError: if it is no regular file.
        OSError: if it cannot be opened.
    """
    with open_regular(path) as stream:
        opened = Path(f"/proc/{os.getpid()}/fd/{stream.fileno()}")  # not "self": readers have processes of their own
        if not opened.exists():
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="sondeflow-") as folder:
            link = Path(folder) / path.name
            link.symlink_to(opened)
            yield link
