"""Compressed (gzip) files, unpacked to a temporary file within limits."""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.files.machine_faults import is_machine_fault, machine_fault
from aemodels.io.files.size_limits import DEFAULT_LIMITS, MIB, SizeLimits

PACKED_SUFFIX = ".gz"
STORE_SUFFIXES = (".zarr.zip", ".mdio.zip")  # a folder packed as a file; the suffix says what is in it


class Readable(Protocol):
    """An object with `read(size)` that returns bytes."""

    def read(self, size: int, /) -> bytes: ...


def is_packed(path: Path) -> bool:
    """Return True if the name of a file ends in ".gz"."""
    return path.suffix.lower() == PACKED_SUFFIX


def content_suffix(path: Path) -> str:
    """Return the suffix of a file without ".gz", in lower case.

    >>> content_suffix(Path("a/LINE.SGY.gz")), content_suffix(Path("w.las"))
    ('.sgy', '.las')
    """
    name = path.stem if is_packed(path) else path.name
    return _store_suffix(name) or Path(name).suffix.lower()


def content_stem(path: Path) -> str:
    """Return the name of a file without its suffixes.

    >>> content_stem(Path("a/LINE.7.SGY.gz")), content_stem(Path("w.las"))
    ('LINE.7', 'w')
    """
    name = path.stem if is_packed(path) else path.name
    store = _store_suffix(name)
    return name[: -len(store)] if store else Path(name).stem


def _store_suffix(name: str) -> str:
    return next((suffix for suffix in STORE_SUFFIXES if name.lower().endswith(suffix)), "")


@contextmanager
def plain_file(path: Path, limits: SizeLimits = DEFAULT_LIMITS) -> Iterator[Path]:
    """Provide an uncompressed file: the file itself, or the unpacked content of a gzip file.

    The temporary file has the name of the compressed file without ".gz"; the name inside the archive is not used.

    Args:
        path: the file.
        limits: limits against decompression bombs.

    Yields:
        The path to read; a temporary one is deleted with the context.

    Raises:
        UnreadableFileError: if the file is not a gzip file, damaged, or exceeds the limits.
        MachineFaultError: if there is no room for the unpacked file.
        OSError: if it cannot be opened.
    """
    if not is_packed(path):
        yield path
        return
    with _temporary_folder() as folder:
        target = Path(folder) / path.stem
        with path.open("rb") as packed:
            try:
                with target.open("wb") as plain:
                    _unpack(packed, plain, path.stat().st_size, limits)
            except OSError as error:
                if not is_machine_fault(error):
                    raise
                raise machine_fault(error, f"unpacking {path} to {folder}") from error
        yield target


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="sondeflow-")
    except OSError as error:
        raise machine_fault(error, "making a temporary folder") from error


def copy_within(source: Readable, target: BinaryIO, max_bytes: int) -> int:
    """Copy a stream block by block up to a size.

    Args:
        source: stream to read.
        target: stream to write.
        max_bytes: maximum number of bytes.

    Returns:
        Bytes copied; more than `max_bytes` (by up to one block) if the limit is exceeded.
    """
    done = 0
    while done <= max_bytes and (block := source.read(MIB)):
        target.write(block)
        done += len(block)
    return done


def _unpack(packed: BinaryIO, plain: BinaryIO, stored: int, limits: SizeLimits) -> None:
    limit = min(limits.unpacked, max(limits.harmless, int(limits.growth * stored)))
    try:
        with gzip.open(packed) as stream:
            done = copy_within(stream, plain, limit)
    except EOFError as error:
        raise _unreadable("truncated", f"{stored} bytes with an incomplete end", "a complete gzip file") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _unreadable("bad-gzip", f"{type(error).__name__}: {error}", "a gzip file") from error
    if done > limit:
        found = f"{stored} bytes that unpack to more than {limit}"
        remedy = "if the file is valid, unpack it yourself, or raise SONDEFLOW_MAX_UNPACKED_BYTES or _RATIO"
        expected = f"at most {limits.growth:g} times its size, and {limits.unpacked} bytes"
        raise UnreadableFileError((Finding("error", "decompression-bomb", "file", found, expected, remedy),))


def _unreadable(code: str, found: str, expected: str) -> UnreadableFileError:
    return UnreadableFileError((Finding("error", code, "file", found, expected, "get the complete file again"),))
