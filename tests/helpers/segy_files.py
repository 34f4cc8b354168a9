"""SEG-Y files made by hand, byte by byte, and what to ask of the reader."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Recording
from aemodels.io import HeaderPositions, read_segy
from aemodels.io.segy.binary_header import swap_pairs
from aemodels.io.segy.samples import float_to_ibm

RNG = np.random.default_rng(5)
WAVES = (1000 * RNG.normal(size=(7, 50))).astype(np.float32)
DTYPES = {1: "u4", 2: "i4", 3: "i2", 5: "f4", 6: "f8", 8: "i1", 9: "i8", 10: "u4", 11: "u2", 12: "u8", 16: "u1"}


def segy_bytes(
    values: np.ndarray = WAVES, *, code: int = 5, label: int | None = None, order: str = ">", **fields: int
) -> bytes:
    """A SEG-Y file made by hand. Fields: binary_dt, trace_dt, delay, scalar, text (fill byte), count, trace_count."""
    f = {
        "binary_dt": 4000,
        "trace_dt": 4000,
        "delay": 0,
        "scalar": 0,
        "text": 0x40,
        "extended": 0,
        "delay_step": 0,
    } | fields
    binary = bytearray(400)
    struct.pack_into(order + "H", binary, 16, f["binary_dt"])
    struct.pack_into(order + "H", binary, 20, f.get("count", values.shape[1]))
    struct.pack_into(order + "h", binary, 24, code if label is None else label)
    struct.pack_into(order + "h", binary, 304, f["extended"])
    parts = [bytes([f["text"]]) * 3200, bytes(binary), bytes([f["text"]]) * 3200 * max(f["extended"], 0)]
    stored = float_to_ibm(values.astype(np.float32)) if code == 1 else values
    for number, trace in enumerate(stored.astype(order + DTYPES[code])):
        header = bytearray(240)
        struct.pack_into(order + "i", header, 36, 25 * number)
        struct.pack_into(order + "h", header, 70, f["scalar"])
        struct.pack_into(order + "h", header, 108, f["delay"] + f["delay_step"] * number)
        struct.pack_into(order + "H", header, 114, f.get("trace_count", values.shape[1]))
        struct.pack_into(order + "H", header, 116, f["trace_dt"])
        struct.pack_into(order + "4i", header, 180, 4000 + number, 70000, 3, 100 + number)
        parts += [bytes(header), trace.tobytes()]
    return b"".join(parts)


def read_bytes(folder: Path, data: bytes, positions: HeaderPositions | None = None) -> Recording:
    path = folder / "line.sgy"
    path.write_bytes(data)
    return read_segy(path, positions)


def refused(folder: Path, data: bytes) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        read_bytes(folder, data)
    assert caught.value.findings[0].severity == "error"
    return caught.value.findings[0].code


def codes(line: Recording) -> list[str]:
    return [finding.code for finding in line.findings]


LINES, ACROSS, CUBE_SAMPLES = 4, 6, 30
CUBE_WAVES = (100 * RNG.normal(size=(LINES * ACROSS, CUBE_SAMPLES))).astype(np.float32)
Patch = tuple[int, str, float]


def cube(
    *binary: Patch,
    places: tuple[int, int, int, int] = (189, 193, 181, 185),
    trace: dict[int, list[Patch]] | None = None,
    between: bytes = b"",
    values: np.ndarray = CUBE_WAVES,
) -> bytes:
    """A small volume in IEEE floats: inlines 100.., crosslines 500.., X and Y from 3000.

    Args:
        binary: (byte, struct code, value) to write over the file header.
        places: bytes of inline, crossline, X, Y in the trace headers.
        trace: trace number -> patches of its header.
        between: bytes between the binary header and the first trace.
        values: the samples.
    """
    head = bytearray(b"\x40" * 3200 + bytes(400))
    for place, code, value in [(3217, "H", 2000), (3221, "H", CUBE_SAMPLES), (3225, "h", 5), *binary]:
        struct.pack_into(">" + code, head, place - 1, value)
    parts = [bytes(head), between]
    for number, samples in enumerate(values):
        header = bytearray(240)
        inline, crossline = 100 + number // ACROSS, 500 + number % ACROSS
        numbers = (inline, crossline, 3000 + 25 * crossline, 4000 + 25 * inline)
        fixed = [(place, "i", value) for place, value in zip(places, numbers, strict=True)]
        for place, code, value in [(115, "H", CUBE_SAMPLES), (117, "H", 2000), *fixed, *(trace or {}).get(number, [])]:
            struct.pack_into(">" + code, header, place - 1, value)
        parts += [bytes(header), samples.astype(">f4").tobytes()]
    return b"".join(parts)


SAMPLES = 60


def by_hand(stored: list[bytes], code: int, *, order: str = ">", samples: int = SAMPLES, constant: int = 0) -> bytes:
    """A file of revision 2 from the bytes of each trace's samples; bytes 3297-3300 hold `constant`."""
    head = bytearray(b"\x40" * 3200 + bytes(400))
    for place, kind, value in [(3217, "H", 2000), (3221, "H", samples), (3225, "h", code), (3297, "I", constant)]:
        struct.pack_into(order + kind, head, place - 1, value)
    head[3500] = 2
    struct.pack_into(order + "h", head, 3502, 1)
    parts = [bytes(head)]
    for number, trace in enumerate(stored):
        header = bytearray(240)
        for place, kind, value in [(115, "H", samples), (117, "H", 2000), (189, "i", 3), (193, "i", 70_000 + number)]:
            struct.pack_into(order + kind, header, place - 1, value)
        parts += [bytes(header), trace]
    return b"".join(parts)


def three_bytes(values: np.ndarray, order: str) -> list[bytes]:
    big = "little" if order == "<" else "big"
    return [b"".join((int(v) % 2**24).to_bytes(3, big) for v in trace) for trace in values]


def swapped(data: bytes, code: int) -> bytes:
    """A big-endian file of even traces with the pairs of bytes exchanged in every header and sample; text stays."""
    size = {3: 2, 8: 1, 16: 1, 6: 8}.get(code, 4)
    head = bytearray(data[:3200] + swap_pairs(data[3200:3600]))
    head[3500:3502] = data[3500:3502]
    parts, step = [bytes(head)], 240 + SAMPLES * size
    for place in range(3600, len(data), step):
        header, samples = data[place : place + 240], data[place + 240 : place + step]
        parts += [swap_pairs(header), samples if size == 1 else swap_pairs(samples)]
    return b"".join(parts)


def segy_like(values: np.ndarray, code: int, kind: str) -> bytes:
    stored = float_to_ibm(values) if code == 1 else values
    return by_hand([trace.tobytes() for trace in stored.astype(">" + kind)], code, constant=0x01020304)


LENGTHS = [30, 45, 30, 60, 12, 30]


def uneven_bytes(lengths: list[int] = LENGTHS, *, flag: int = 0, revision: int = 1, stated: int = 60) -> bytes:
    head = bytearray(b"\x40" * 3200 + bytes(400))
    for place, kind, value in [(3217, "H", 2000), (3221, "H", stated), (3225, "h", 5), (3503, "h", flag)]:
        struct.pack_into(">" + kind, head, place - 1, value)
    head[3500] = revision
    parts = [bytes(head)]
    for number, length in enumerate(lengths):
        header = bytearray(240)
        for place, kind, value in [(115, "H", length), (117, "H", 2000), (193, "i", 1 + number)]:
            struct.pack_into(">" + kind, header, place - 1, value)
        parts += [bytes(header), trace_values(number, length).astype(">f4").tobytes()]
    return b"".join(parts)


def trace_values(number: int, length: int) -> np.ndarray:
    return 100.0 * number + np.arange(length) + 1


def with_header_order(data: bytes, samples: int, size: int = 4) -> bytes:
    """A file with the fields of its trace headers in the other byte order."""
    fields = [(place, 4) for place in (1, 9, 21, 37, 73, 77, 181, 185, 189, 193)]
    fields += [(place, 2) for place in (29, 71, 109, 115, 117)]
    changed = bytearray(data)
    for start in range(3600, len(data), 240 + size * samples):
        for place, width in fields:
            at = start + place - 1
            changed[at : at + width] = changed[at : at + width][::-1]
    return bytes(changed)
