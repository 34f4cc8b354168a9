"""Parts of a multipart upload: what of a file the store has already, and what lies between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aemodels.io.files.size_limits import MIB

PART_BYTES = 16 * MIB  # of a multipart upload; files of more than two parts are uploaded so
MIN_PART_BYTES = 5 * MIB  # S3's smallest part, but for the last one
MAX_PART_BYTES = 5 * 1024 * MIB
MAX_PARTS = 9000  # S3 allows 10,000


@dataclass(frozen=True)
class Piece:
    """Bytes of a file that the store has as an object.

    Args:
        address: of the object.
        start: offset of its first byte in the file.
        stop: exclusive end.
        sha256: of its bytes.
    """

    address: str
    start: int
    stop: int
    sha256: str

    @property
    def fits(self) -> bool:
        """True if it can be a part of an upload by itself."""
        return MIN_PART_BYTES <= self.stop - self.start <= MAX_PART_BYTES


@dataclass(frozen=True)
class Part:
    """Part of an upload: its number from 1, its bytes in the file, and the piece that they are; None = of the file."""

    number: int
    start: int
    stop: int
    piece: Piece | None = None


def in_parts(size: int) -> bool:
    """Return whether a file of so many bytes is uploaded in parts."""
    return size > 2 * PART_BYTES


def cut(size: int, pieces: Sequence[Piece] = ()) -> tuple[Part, ...]:
    """Cut a file into parts: a part for each piece that can be one, and the bytes between in parts from the file.

    A piece behind bytes that are too few for a part of their own is uploaded together with them.

    Args:
        size: of the file in bytes.
        pieces: in the order of the file, not overlapping.

    >>> [(part.start, part.stop) for part in cut(40 * MIB)]
    [(0, 20971520), (20971520, 41943040)]
    """
    spans: list[tuple[int, int, Piece | None]] = []
    done = 0
    for piece in pieces:
        gap = piece.start - done
        if not piece.fits or 0 < gap < MIN_PART_BYTES:
            continue
        spans += [(start, stop, None) for start, stop in _even(done, piece.start)]
        spans.append((piece.start, piece.stop, piece))
        done = piece.stop
    spans += [(start, stop, None) for start, stop in _even(done, size)]
    if len(spans) > MAX_PARTS and pieces:
        return cut(size)
    return tuple(Part(number, *span) for number, span in enumerate(spans, start=1))


def _even(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield parts of about one length, none of which is smaller than a part may be unless all of it is."""
    if stop <= start:
        return
    count = min(MAX_PARTS, max(1, (stop - start) // PART_BYTES))
    length = -(-(stop - start) // count)
    for begin in range(start, stop, length):
        yield begin, min(begin + length, stop)
