"""Files that are taken for SEG-Y but are something else: named for what they are."""

from __future__ import annotations

import struct

from aemodels.io.segy.binary_header import TRACE_HEADER

TAPE_LABEL = 128
SU_COUNTS = range(2, 65_536)
SIGNATURES = (
    (b"\x1f\x8b", "a gzip file", "add .gz to its name"),
    (b"PK\x03\x04", "a zip archive", "unpack it"),
    (b"CWLS", "a well log", "give it its own suffix"),
    (b"\x89HDF", "an HDF5 file", "export it as SEG-Y"),
)


def name_of(head: bytes, size: int) -> tuple[str, str] | None:
    """Return what a file is, and the remedy; None if unknown.

    Args:
        head: the first 3600 bytes.
        size: size of the file in bytes.
    """
    for start, name, remedy in SIGNATURES:
        if head.startswith(start):
            return name, remedy
    if head[4:6] == b"SY" and head[:TAPE_LABEL].isascii():
        label = head[4:9].decode("ascii", "replace")
        remedy = f"remove the first {TAPE_LABEL} bytes: the rest is SEG-Y"
        return f"a SEG tape label ({label}) of {TAPE_LABEL} bytes before the text header", remedy
    for order, name in ((">", "big-endian"), ("<", "little-endian")):
        count, interval = struct.unpack_from(f"{order}HH", head, 114)
        length = TRACE_HEADER + 4 * count
        second = (
            struct.unpack_from(f"{order}HH", head, length + 114) if length + 118 <= len(head) else (count, interval)
        )
        if count in SU_COUNTS and interval and size % length == 0 and second == (count, interval):
            remedy = "convert it with segywrite of Seismic Unix (segyhdrs adds the headers)"
            found = f"Seismic Unix, {name}: {size // length} traces of {count} samples without a file header"
            return found, remedy
    return None
