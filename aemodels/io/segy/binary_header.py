"""The 400 bytes of a SEG-Y binary header, in either byte order."""

from __future__ import annotations

import dataclasses
import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias

Endian: TypeAlias = Literal["big", "little", "pairwise"]

ENDIANS: tuple[Endian, ...] = ("big", "little")
# Bytes 3297-3300 since revision 2: 16909060 = 01020304 (hexadecimal), as the file's byte order makes it look.
STATED_ORDERS: dict[str, Endian] = {"01020304": "big", "04030201": "little", "02010403": "pairwise"}
MIN_INTERVAL_US = 1e-3  # us: shorter sample intervals are damage, and would vanish beside a delay
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
        even: whether all traces are declared to be equally long (since revision 1).
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
    even: bool = True
    extra: int = 0
    traces: int = 0
    start: int = 0
    trailers: int = 0


def order_of(endian: Endian) -> Literal[">", "<"]:
    """NumPy's and struct's mark of a byte order; swapped pairs are big-endian once they are put right."""
    return "<" if endian == "little" else ">"


def swap_pairs(data: bytes) -> bytes:
    """Exchange the two bytes of each pair; an odd last byte stays.

    >>> swap_pairs(bytes([2, 1, 4, 3])).hex()
    '01020304'
    """
    even = len(data) - len(data) % 2
    swapped = bytearray(data)
    swapped[0:even:2], swapped[1:even:2] = data[1:even:2], data[0:even:2]
    return bytes(swapped)


def number_at(data: bytes, place: int, kind: str, endian: Endian) -> float:
    """The number of a struct code at a place, counted from 1.

    >>> number_at(bytes([0, 0, 2, 1, 4, 3]), 3, "i", "pairwise")
    16909060
    """
    part = data[place - 1 : place - 1 + struct.calcsize(kind)]
    value: float = struct.unpack(order_of(endian) + kind, swap_pairs(part) if endian == "pairwise" else part)[0]
    return value


def stated_order(head: bytes) -> Endian | None:
    """The byte order that a file states (revision 2), None where it states none."""
    return STATED_ORDERS.get(head[3296:3300].hex())


def parse_binary(head: bytes, endian: Endian) -> BinaryHeader:
    """The binary header of a file.

    Args:
        head: the file's first 3600 bytes.
        endian: the byte order to read it in.

    Returns:
        The header; fields that revision 2 brought are left out unless the revision is 2.
    """

    def number(kind: str, place: int) -> int:
        return int(number_at(head, place, kind, endian))

    revision = revision_of(head[3500], head[3501])
    header = BinaryHeader(
        endian,
        max(number("h", 3217), 0),
        number("H", 3221),
        number("h", 3225),
        revision,
        number("h", 3505),
        even=revision[0] == 0 or number("h", 3503) != 0,
    )
    if revision[0] < 2:
        return header
    interval = number_at(head, 3273, "d", endian)
    return dataclasses.replace(
        header,
        interval=interval if MIN_INTERVAL_US <= interval < 1e9 else header.interval,
        samples=samples if (samples := number("i", 3269)) > 0 else header.samples,
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
    return int(number_at(head, 3217, "h", endian))
