"""Small DLIS files, by dliswriter, and LIS 79 files, byte by byte."""

from __future__ import annotations

import contextlib
import io
import logging
import struct
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import frexp
from pathlib import Path
from typing import Any

import numpy as np

STORAGE_LABEL = 80  # bytes before the first logical file
Channels = Mapping[str, tuple[np.ndarray, str]]


@dataclass(frozen=True)
class DlisFrame:
    """A frame to write: channels by name, (values, unit) each, the index first."""

    channels: Channels
    name: str = "60B"
    index_type: str | None = "BOREHOLE-DEPTH"
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)  # trademark name of the tool of a channel


def dlis_bytes(*logical_files: tuple[str, Sequence[DlisFrame]]) -> bytes:
    """Return a DLIS file of logical files, (name of the well, frames) each."""
    parts = [_logical_file(well, frames) for well, frames in logical_files]
    return parts[0] + b"".join(part[STORAGE_LABEL:] for part in parts[1:])


def _logical_file(well: str, frames: Sequence[DlisFrame]) -> bytes:
    from dliswriter import DLISFile

    logging.getLogger("dliswriter").setLevel(logging.ERROR)
    file = DLISFile()
    logical = file.add_logical_file()
    logical.add_origin("ORIGIN", well_name=well, file_set_number=1)
    for frame in frames:
        tools = {
            name: logical.add_tool(f"TOOL-{number}", trademark_name=trademark)
            for number, (name, trademark) in enumerate(frame.tools.items())
        }
        channels = [
            logical.add_channel(name, data=values, units=unit or None, source=tools.get(name))
            for name, (values, unit) in frame.channels.items()
        ]
        logical.add_frame(frame.name, channels=channels, index_type=frame.index_type, **frame.attributes)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        target = Path(folder) / "x.dlis"
        file.write(str(target), output_chunk_size=2**20)  # its default takes 4 GB of memory
        return target.read_bytes()


@dataclass(frozen=True)
class LisChannel:
    """A channel to write: name, unit, values[row] or [row, number], code of representation, samples per row, tool."""

    name: str
    unit: str
    values: np.ndarray
    code: int = 68
    samples: int = 1
    tool: str = ""

    @property
    def size(self) -> int:
        return len(_packed(np.atleast_1d(self.values[0]), self.code))


@dataclass(frozen=True)
class LisFrame:
    """A data format specification with its data: channels, the index first, and the absent value."""

    channels: Sequence[LisChannel]
    absent: float = -999.25


def lis_bytes(*logical_files: tuple[str, Sequence[LisFrame]]) -> bytes:
    """Return a LIS 79 file of logical files, (name of the well, frames) each."""
    parts = []
    for number, (well, frames) in enumerate(logical_files, start=1):
        parts.append(_record(128, f"FILE  .{number:03d}  ".encode().ljust(46) + b" " * 10))
        parts.append(_record(34, _wellsite({"WN": well})))
        for frame in frames:
            parts += [_record(64, _specification(frame)), *_data(frame)]
        parts.append(_record(129, f"FILE  .{number:03d}  ".encode().ljust(46) + b" " * 10))
    return b"".join(parts)


def lis_float(value: float) -> bytes:
    """Return a number in representation code 68: exponent in excess of 128, fraction in two's complement.

    The example of LIS 79, appendix B: 153 is 444C8000, -153 is BBB38000 (hexadecimal).
    """
    fraction, exponent = frexp(abs(float(value)))
    if value == 0:
        return b"\0\0\0\0"
    if value > 0:
        word = (exponent + 128) << 23 | round(fraction * 2**23)
    else:
        word = 1 << 31 | (127 - exponent) << 23 | round((1 - fraction) * 2**23)
    return struct.pack(">I", word)


def _packed(values: np.ndarray, code: int) -> bytes:
    if code == 68:
        return b"".join(lis_float(value) for value in values.ravel())
    kinds = {56: "i1", 66: "u1", 73: ">i4", 79: ">i2"}
    return values.ravel().astype(kinds[code]).tobytes() if code in kinds else b"".join(values.ravel().tolist())


def _record(kind: int, body: bytes) -> bytes:
    """Return a logical record in one physical record."""
    return struct.pack(">HHBB", len(body) + 6, 0, kind, 0) + body


def _entry(kind: int, code: int, value: bytes) -> bytes:
    return struct.pack(">BBB", kind, len(value), code) + value


def _specification(frame: LisFrame) -> bytes:
    entries = _entry(12, 68, lis_float(frame.absent)) + _entry(0, 66, b"\0")
    blocks = [
        struct.pack(
            ">4s6s8s4s4sHh3sBB5s",
            *(
                channel.name.encode().ljust(4),
                channel.tool.encode().ljust(6),
                b" " * 8,
                channel.unit.encode().ljust(4),
                b"\0" * 4,
            ),
            *(1, channel.size, b"\0" * 3, channel.samples, channel.code, b"\0" * 5),
        )
        for channel in frame.channels
    ]
    return entries + b"".join(blocks)


def _data(frame: LisFrame) -> list[bytes]:
    rows = [
        b"".join(_packed(np.atleast_1d(channel.values[row]), channel.code) for channel in frame.channels)
        for row in range(len(frame.channels[0].values))
    ]
    return [_record(0, b"".join(rows[first : first + 10])) for first in range(0, len(rows), 10)]


def _wellsite(fields: Mapping[str, str]) -> bytes:
    """Return the body of a table of well site data with the columns MNEM and VALU."""
    blocks = [_component(73, "TYPE", b"CONS")]
    for mnemonic, value in fields.items():
        blocks += [_component(0, "MNEM", mnemonic.encode().ljust(4)), _component(69, "VALU", value.encode())]
    return b"".join(blocks)


def _component(kind: int, mnemonic: str, value: bytes) -> bytes:
    return struct.pack(">BBBB4s4s", kind, 65, len(value), 0, mnemonic.encode().ljust(4), b"    ") + value
