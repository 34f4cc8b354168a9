"""Where things lie in a SEG-Y file, decided by plausibility rather than by trust."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aemodels.errors import UnreadableFileError
from aemodels.io.segy_binary import (
    BINARY_END,
    ENDIANS,
    TEXT_BYTES,
    TRACE_HEADER,
    BinaryHeader,
    Endian,
    order_of,
    parse_binary,
)
from aemodels.io.segy_text import MOST_EXTENDED, count_extended
from aemodels.types import Finding

# Sample format code -> NumPy type of one sample (SEG-Y revision 2, table 2, binary header bytes 3225-3226).
FORMATS = {1: "u4", 2: "i4", 3: "i2", 5: "f4", 6: "f8", 8: "i1", 9: "i8", 10: "u4", 11: "u2", 12: "u8", 16: "u1"}
FORMAT_NAMES = {1: "IBM float", 2: "int32", 3: "int16", 5: "IEEE float", 6: "IEEE double", 8: "int8", 9: "int64"} | {
    10: "uint32",
    11: "uint16",
    12: "uint64",
    16: "uint8",
}
UNSUPPORTED = {7: "int24", 15: "uint24"}
IBM, IEEE, FIXED_GAIN = 1, 5, 4


@dataclass(frozen=True)
class SegyLayout:
    """How a file is laid out.

    Args:
        endian: byte order of headers and samples.
        labelled: sample format code in the binary header.
        code: sample format code by which the samples are read (differs where the label is implausible).
        samples: samples per trace.
        traces: traces in the file.
        offset: bytes before the first trace.
        header_bytes: bytes of headers before the samples of each trace.
        revision: (major, minor) of SEG-Y.
        interval: the binary header's sample interval in us; 0 = none.
        extended: extended text headers.
    """

    endian: Endian
    labelled: int
    code: int
    samples: int
    traces: int
    offset: int
    header_bytes: int = TRACE_HEADER
    revision: tuple[int, int] = (0, 0)
    interval: float = 0.0
    extended: int = 0

    @property
    def sample_dtype(self) -> np.dtype[Any]:
        """One sample as stored."""
        return np.dtype(order_of(self.endian) + FORMATS[self.code])

    @property
    def trace_bytes(self) -> int:
        """Bytes of one trace with its headers."""
        return self.header_bytes + self.samples * self.sample_dtype.itemsize

    @property
    def dtype(self) -> np.dtype[Any]:
        """One trace: header bytes and the samples as stored."""
        return np.dtype([("header", f"V{self.header_bytes}"), ("samples", self.sample_dtype, (self.samples,))])

    def read_traces(self, path: Path, start: int, stop: int) -> Any:
        """Traces `start` to `stop` (exclusive) of a file, in memory, as an array of `dtype`."""
        place = self.offset + start * self.trace_bytes
        return np.fromfile(path, dtype=self.dtype, count=stop - start, offset=place)


@dataclass(frozen=True)
class _Reading:
    """One way to read a file's headers, with what it takes for granted."""

    layout: SegyLayout
    findings: tuple[Finding, ...] = ()


def find_layout(path: Path) -> tuple[SegyLayout, tuple[Finding, ...]]:
    """Work out a file's layout from its headers and its size.

    The header is read as it stands in both byte orders; where neither fits the file's size, the count of samples in
    the trace headers and a file without extended text headers are tried, and the choice becomes a finding.

    Args:
        path: the file.

    Returns:
        (layout, findings).

    Raises:
        UnreadableFileError: if the file is too short, truncated or no SEG-Y.
        OSError: if it cannot be opened.
    """
    size = path.stat().st_size
    if size < BINARY_END:
        raise _unreadable("too-short", f"{size} bytes", "at least 3600 (text and binary header)", "get the whole file")
    with path.open("rb") as stream:
        head = stream.read(BINARY_END)
    headers = [header for endian in ENDIANS if _plausible(header := parse_binary(head, endian))]
    headers.sort(key=lambda header: header.code not in FORMATS)
    for header in headers:
        for reading in _readings(path, header, size):
            if reading.layout.traces > 0:
                return reading.layout, (*_byte_order(reading.layout), *reading.findings)
    raise _no_layout([_as_declared(path, header) for header in headers], head, size)


def _plausible(header: BinaryHeader) -> bool:
    return 0 <= header.code <= 99 and header.code not in UNSUPPORTED


def _readings(path: Path, header: BinaryHeader, size: int) -> Iterator[_Reading]:
    """Ways to read a header, the most literal first; `traces` is 0 where the size does not fit."""
    declared = _as_declared(path, header)
    yield _fitted(declared, header, size)
    if header.revision[0] >= 2:
        found = f"first trace at {header.start}, {header.extra} extra trace headers, {header.trailers} trailers"
        remedy = "the fields of revision 2 are left out of account"
        doubt = Finding("warning", "revision-fields", "binary header", found, "what fits the file's size", remedy)
        older = dataclasses.replace(header, start=0, extra=0, trailers=0, traces=0)
        yield _with(_fitted(_as_declared(path, older), older, size), doubt)
    if header.extended:
        found, remedy = f"{header.extended} extended text headers", "read as none; correct bytes 3505-3506"
        doubt = Finding("warning", "extended-headers", "binary header", found, "what fits the file's size", remedy)
        without = dataclasses.replace(declared, offset=BINARY_END, extended=0)
        yield _with(_fitted(without, dataclasses.replace(header, extended=0), size), doubt)
    count = _count_in_traces(path, declared, size)
    if count:
        found = f"{header.samples} samples in the binary header, {count} in the trace headers"
        remedy = f"{count} are used, which fits the file's size; correct bytes 3221-3222"
        doubt = Finding("warning", "sample-count-conflict", "binary header", found, "one sample count", remedy)
        yield _with(_fitted(dataclasses.replace(declared, samples=count), header, size), doubt)


def _with(reading: _Reading, finding: Finding) -> _Reading:
    return dataclasses.replace(reading, findings=(finding, *reading.findings))


def _as_declared(path: Path, header: BinaryHeader) -> SegyLayout:
    """The layout as the header has it, with no traces counted yet."""
    extended = header.extended if 0 <= header.extended <= MOST_EXTENDED else 0
    if header.extended == -1:
        extended = count_extended(path) or 0
    return SegyLayout(
        header.endian,
        header.code,
        header.code if header.code in FORMATS else IBM,  # four bytes a sample either way; the samples decide
        header.samples,
        0,
        header.start if header.start >= BINARY_END else BINARY_END + TEXT_BYTES * extended,
        TRACE_HEADER * (1 + header.extra) if 0 < header.extra < 1000 else TRACE_HEADER,
        header.revision,
        header.interval,
        extended,
    )


def _fitted(layout: SegyLayout, header: BinaryHeader, size: int) -> _Reading:
    """The layout with its traces counted: none unless they fill the file to the last byte."""
    nonsense = not -1 <= header.extended <= MOST_EXTENDED or (header.extended == -1 and not layout.extended)
    if layout.samples < 1 or layout.offset > size or (nonsense and not header.start):
        return _Reading(layout)
    end = size - TEXT_BYTES * max(header.trailers, 0)
    if header.trailers == -1 and 0 < header.traces < size:
        declared = layout.offset + header.traces * layout.trace_bytes
        end = declared if declared <= size and (size - declared) % TEXT_BYTES == 0 else end
    traces, rest = divmod(end - layout.offset, layout.trace_bytes)
    if rest or traces < 1:
        return _Reading(layout)
    layout = dataclasses.replace(layout, traces=traces)
    if header.traces in (0, traces):
        return _Reading(layout)
    remedy = "the traces that are there are read; get the whole file if it was cut"
    found = f"{traces} traces"
    finding = Finding("warning", "trace-count-conflict", "file", found, f"{header.traces} by the binary header", remedy)
    return _Reading(layout, (finding,))


def _count_in_traces(path: Path, layout: SegyLayout, size: int) -> int:
    """The sample count on which the first two trace headers agree; 0 where they do not, or it is the known one."""
    with path.open("rb") as stream:

        def count_at(place: int) -> int:
            stream.seek(place + 114)
            data = stream.read(2)
            return int(struct.unpack(order_of(layout.endian) + "H", data)[0]) if len(data) == 2 else 0

        count = count_at(layout.offset)
        second = layout.offset + dataclasses.replace(layout, samples=count).trace_bytes
        if count in (0, layout.samples) or (second < size and count_at(second) != count):
            return 0
        return count


def _byte_order(layout: SegyLayout) -> tuple[Finding, ...]:
    if layout.endian == "big":
        return ()
    return (Finding("info", "little-endian", "file", "little-endian headers", "big-endian", "read as little-endian"),)


def _no_layout(layouts: list[SegyLayout], head: bytes, size: int) -> UnreadableFileError:
    """Say why no byte order fits."""
    usable = [layout for layout in layouts if layout.samples > 0 and layout.labelled in FORMATS]
    if size == BINARY_END or (usable and size == usable[0].offset):
        return _unreadable("header-only", "headers and no trace", "at least one trace", "get the whole file")
    if usable:
        layout = usable[0]
        whole, rest = divmod(max(size - layout.offset, 0), layout.trace_bytes)
        found = f"{size - layout.offset} bytes of traces: {whole} whole and {rest} bytes more"
        expected = f"a multiple of {layout.trace_bytes} bytes ({layout.samples} samples of {FORMAT_NAMES[layout.code]})"
        return _unreadable(
            "truncated", found, expected, "get the whole file, or correct the sample count in the binary header"
        )
    codes = [struct.unpack_from(order + "h", head, 3224)[0] for order in "><"]
    for code in codes:
        if code in UNSUPPORTED:
            return unsupported(code, UNSUPPORTED[code])
    samples, extended = (struct.unpack_from(">h", head, position)[0] for position in (3220, 3504))
    found = f"sample format {codes[0]}, {samples} samples a trace, {extended} extended headers"
    return _unreadable("not-segy", found, f"format {_known()}; samples > 0; extended >= 0", "check what the file is")


def unsupported(code: int, name: str) -> UnreadableFileError:
    """The refusal of a sample format that no program here can decode."""
    return _unreadable(
        "unsupported-format", f"sample format {code} ({name})", "one of " + _known(), "export the file as IEEE float"
    )


def _known() -> str:
    return ", ".join(f"{code} ({name})" for code, name in FORMAT_NAMES.items())


def _unreadable(code: str, found: str, expected: str, remedy: str) -> UnreadableFileError:
    return UnreadableFileError((Finding("error", code, "file", found, expected, remedy),))
