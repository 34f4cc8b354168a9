"""Content hash of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aemodels.io.files.regular import open_regular


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hex digits, reading it in blocks.

    Raises:
        NotRegularError: if it is a pipe, a device or a folder.
        OSError: if it cannot be read.
    """
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
