"""Gzip'd files: unpacked to a temporary file, within limits, under a name of our own."""

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
from aemodels.io.files.size_limits import DEFAULT_LIMITS, MIB, SizeLimits

PACKED_SUFFIX = ".gz"


class Readable(Protocol):
    """Anything with `read(size)` that gives bytes."""

    def read(self, size: int, /) -> bytes: ...


def is_packed(path: Path) -> bool:
    """Whether a file's name says that it is gzip'd."""
    return path.suffix.lower() == PACKED_SUFFIX


def content_suffix(path: Path) -> str:
    """The suffix that says what a file holds, in lower case.

    >>> content_suffix(Path("a/LINE.SGY.gz")), content_suffix(Path("w.las"))
    ('.sgy', '.las')
    """
    return (Path(path.stem) if is_packed(path) else path).suffix.lower()


def content_stem(path: Path) -> str:
    """A file's name without the suffixes that say what it holds.

    >>> content_stem(Path("a/LINE.7.SGY.gz")), content_stem(Path("w.las"))
    ('LINE.7', 'w')
    """
    return (Path(path.stem) if is_packed(path) else path).stem


@contextmanager
def plain_file(path: Path, limits: SizeLimits = DEFAULT_LIMITS) -> Iterator[Path]:
    """A file's content as a plain file: the file itself, or what a gzip'd one unpacks to.

    The temporary file has the packed file's name without ".gz"; a name inside the archive is never used.

    Args:
        path: the file.
        limits: what is refused as a decompression bomb.

    Yields:
        The path to read; a temporary one lasts as long as the context.

    Raises:
        UnreadableFileError: if the file is no gzip, damaged, or grows beyond the limits.
        OSError: if it cannot be opened.
    """
    if not is_packed(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="sondeflow-") as folder:
        target = Path(folder) / path.stem
        with path.open("rb") as packed, target.open("wb") as plain:
            _unpack(packed, plain, path.stat().st_size, limits)
        yield target


def copy_within(source: Readable, target: BinaryIO, most: int) -> int:
    """Copy a stream block by block, giving up beyond a size.

    Args:
        source: what to read.
        target: where to write.
        most: bytes allowed.

    Returns:
        Bytes copied; more than `most` (by up to one block) where the limit was passed.
    """
    done = 0
    while done <= most and (block := source.read(MIB)):
        target.write(block)
        done += len(block)
    return done


def _unpack(packed: BinaryIO, plain: BinaryIO, stored: int, limits: SizeLimits) -> None:
    most = min(limits.unpacked, max(limits.harmless, int(limits.growth * stored)))
    try:
        with gzip.open(packed) as stream:
            done = copy_within(stream, plain, most)
    except EOFError as error:
        raise _unreadable("truncated", f"{stored} bytes that end too early", "a whole gzip file") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _unreadable("bad-gzip", f"{type(error).__name__}: {error}", "a gzip file") from error
    if done > most:
        found = f"{stored} bytes that unpack to more than {most}"
        remedy = "if it is what it should be, unpack it yourself, or raise SONDEFLOW_MAX_UNPACKED_BYTES or _RATIO"
        expected = f"at most {limits.growth:g} times its size, and {limits.unpacked} bytes"
        raise UnreadableFileError((Finding("error", "decompression-bomb", "file", found, expected, remedy),))


def _unreadable(code: str, found: str, expected: str) -> UnreadableFileError:
    return UnreadableFileError((Finding("error", code, "file", found, expected, "get the whole file again"),))
