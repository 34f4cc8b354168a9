"""The 400 bytes of a SEG-Y binary header, in either byte order."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias

Endian: TypeAlias = Literal["big", "little"]

ENDIANS: tuple[Endian, ...] = ("big", "little")
TEXT_BYTES, BINARY_END, TRACE_HEADER = 3200, 3600, 240


@dataclass(frozen=True)
class BinaryHeader:
    """What a binary header says, read in one byte order.

    Args:
        endian: the byte order.
        interval: sample interval in us; 0 where the header has none.
        samples: samples per trace.
        code: sample format code.
        revision: (major, minor).
        extended: extended text headers; -1 = as many as it takes until ((SEG: EndText)).
        extra: additional 240-byte headers per trace (revision 2).
        traces: declared number of traces (revision 2); 0 = not declared.
        start: declared offset of the first trace in bytes (revision 2); 0 = not declared.
        trailers: 3200-byte records behind the last trace (revision 2); -1 = unknown.

    References:
        SEG-Y revision 2.0 (SEG Technical Standards Committee, 2017), table 2.
    """

    endian: Endian
    interval: float
    samples: int
    code: int
    revision: tuple[int, int]
    extended: int
    extra: int = 0
    traces: int = 0
    start: int = 0
    trailers: int = 0


def order_of(endian: Endian) -> Literal[">", "<"]:
    """NumPy's and struct's mark of a byte order."""
    return ">" if endian == "big" else "<"


def parse_binary(head: bytes, endian: Endian) -> BinaryHeader:
    """The binary header of a file.

    Args:
        head: the file's first 3600 bytes.
        endian: the byte order to read it in.

    Returns:
        The header; fields that revision 2 brought are left out unless the revision is 2.
    """
    order = order_of(endian)

    def number(kind: str, place: int) -> int:
        return int(struct.unpack_from(order + kind, head, place - 1)[0])

    revision = revision_of(head[3500], head[3501])
    header = BinaryHeader(
        endian, max(number("h", 3217), 0), number("H", 3221), number("h", 3225), revision, number("h", 3505)
    )
    if revision[0] < 2:
        return header
    interval = float(struct.unpack_from(order + "d", head, 3272)[0])
    return BinaryHeader(
        endian,
        interval if 0 < interval < 1e9 else header.interval,
        samples if (samples := number("i", 3269)) > 0 else header.samples,
        header.code,
        revision,
        header.extended,
        extra=number("h" if revision[1] else "i", 3507),
        traces=number("Q", 3513),
        start=number("Q", 3521),
        trailers=number("i", 3529),
    )


def revision_of(first: int, second: int) -> tuple[int, int]:
    """(major, minor) from bytes 3501 and 3502.

    Revision 1 called the pair one 16-bit number with the major part first (0100 hexadecimal); many programs write
    a plain 1 or 2 there (0001).

    >>> revision_of(1, 0), revision_of(0, 1), revision_of(2, 1), revision_of(0, 0)
    ((1, 0), (1, 0), (2, 1), (0, 0))
    """
    if first == 0 and second in (1, 2):
        return second, 0
    return (first, second) if first <= 2 else (0, 0)


def declared_interval(head: bytes, endian: Endian) -> int:
    """Bytes 3217-3218 as they stand, for a message (negative where a program wrote nonsense)."""
    return int(struct.unpack_from(order_of(endian) + "h", head, 3216)[0])
