"""SEG-Y binary header (400 bytes), in any byte order."""

from __future__ import annotations

import dataclasses
import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias

Endian: TypeAlias = Literal["big", "little", "pairwise"]

ENDIANS: tuple[Endian, ...] = ("big", "little")
# Bytes 3297-3300 since revision 2: 16909060 = 01020304 (hexadecimal), as stored in each byte order.
STATED_ORDERS: dict[str, Endian] = {"01020304": "big", "04030201": "little", "02010403": "pairwise"}
MIN_INTERVAL_US = 1e-3  # shorter sample intervals are damaged headers
TEXT_BYTES, BINARY_END, TRACE_HEADER = 3200, 3600, 240


@dataclass(frozen=True)
class BinaryHeader:
    """Contents of a binary header, read in one byte order.

    Args:
        endian: the byte order.
        interval: sample interval in us, unsigned as above 32767 us; 0 = not given.
        samples: samples per trace.
        code: sample format code.
        revision: (major, minor).
        extended: number of extended text headers; -1 = up to ((SEG: EndText)).
        fixed_length: fixed-length trace flag: all traces have the same length (since revision 1).
        extra: maximum number of additional 240-byte trace headers (revision 2).
        traces: declared number of traces (revision 2); 0 = not declared.
        start: declared offset of the first trace in bytes (revision 2); 0 = not declared.
        trailers: number of 3200-byte data trailer records (revision 2); -1 = unknown.

    References:
        SEG-Y revision 2.0 (SEG Technical Standards Committee, 2017), table 2.
    """

    endian: Endian
    interval: float
    samples: int
    code: int
    revision: tuple[int, int]
    extended: int
    fixed_length: bool = True
    extra: int = 0
    traces: int = 0
    start: int = 0
    trailers: int = 0


def order_of(endian: Endian) -> Literal[">", "<"]:
    """Return the NumPy and struct code of a byte order; swapped pairs are big-endian after swapping."""
    return "<" if endian == "little" else ">"


def swap_pairs(data: bytes) -> bytes:
    """Swap the two bytes of each pair; an odd last byte is unchanged.

    >>> swap_pairs(bytes([2, 1, 4, 3])).hex()
    '01020304'
    """
    even = len(data) - len(data) % 2
    swapped = bytearray(data)
    swapped[0:even:2], swapped[1:even:2] = data[1:even:2], data[0:even:2]
    return bytes(swapped)


def number_at(data: bytes, position: int, kind: str, endian: Endian) -> float:
    """Return the number with a struct code at a byte position, counted from 1.

    >>> number_at(bytes([0, 0, 2, 1, 4, 3]), 3, "i", "pairwise")
    16909060
    """
    part = data[position - 1 : position - 1 + struct.calcsize(kind)]
    value: float = struct.unpack(order_of(endian) + kind, swap_pairs(part) if endian == "pairwise" else part)[0]
    return value


def stated_order(head: bytes) -> Endian | None:
    """Return the byte order stated in a file (revision 2); None if there is none."""
    return STATED_ORDERS.get(head[3296:3300].hex())


def parse_binary(head: bytes, endian: Endian) -> BinaryHeader:
    """Parse the binary header of a file.

    Args:
        head: first 3600 bytes of the file.
        endian: the byte order to read it in.

    Returns:
        The header; fields of revision 2 are ignored in earlier revisions.
    """

    def number(kind: str, position: int) -> int:
        return int(number_at(head, position, kind, endian))

    revision = revision_of(head[3500], head[3501])
    header = BinaryHeader(
        endian,
        number("H", 3217),
        number("H", 3221),
        number("h", 3225),
        revision,
        number("h", 3505),
        fixed_length=revision[0] == 0 or number("h", 3503) != 0,
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
    """Return (major, minor) from bytes 3501 and 3502.

    Revision 1 defines them as a 16-bit number with the major revision first (0100 hexadecimal); many programs write a
    plain 1 or 2 instead (0001).

    >>> revision_of(1, 0), revision_of(0, 1), revision_of(2, 1), revision_of(0, 0)
    ((1, 0), (1, 0), (2, 1), (0, 0))
    """
    if first == 0 and second in (1, 2):
        return second, 0
    return (first, second) if first <= 2 else (0, 0)


def declared_interval(head: bytes, endian: Endian) -> int:
    """Return bytes 3217-3218 unchanged, for a message; may be negative."""
    return int(number_at(head, 3217, "h", endian))
