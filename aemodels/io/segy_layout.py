"""Where things lie in a SEG-Y file, decided by plausibility rather than by trust."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aemodels.errors import UnreadableFileError
from aemodels.types import Finding

Endian: TypeAlias = Literal["big", "little"]

TEXT_BYTES, BINARY_END, TRACE_HEADER = 3200, 3600, 240
# Sample format code -> NumPy type of one sample (SEG-Y revision 2, table 2, binary header bytes 3225-3226).
FORMATS = {1: "u4", 2: "i4", 3: "i2", 5: "f4", 6: "f8", 8: "i1", 10: "u4", 11: "u2", 16: "u1"}
FORMAT_NAMES = {1: "IBM float", 2: "int32", 3: "int16", 5: "IEEE float", 6: "IEEE double", 8: "int8"} | {
    10: "uint32",
    11: "uint16",
    16: "uint8",
}
UNSUPPORTED = {4: "fixed point with gain", 7: "int24", 9: "int64", 12: "uint64", 15: "uint24"}
IBM, IEEE = 1, 5
ENDIANS: tuple[Endian, ...] = ("big", "little")


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
    """

    endian: Endian
    labelled: int
    code: int
    samples: int
    traces: int
    offset: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """One trace: 240 header bytes and the samples as stored."""
        order = ">" if self.endian == "big" else "<"
        return np.dtype([("header", "V240"), ("samples", order + FORMATS[self.code], (self.samples,))])

    def map_traces(self, path: Path, mode: Literal["r", "r+"] = "r") -> Any:
        """The traces of a file as a memory map of `dtype`."""
        return np.memmap(path, dtype=self.dtype, mode=mode, offset=self.offset, shape=(self.traces,))


def find_layout(path: Path) -> tuple[SegyLayout, tuple[Finding, ...]]:
    """Work out a file's layout from its headers and its size.

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
    layouts = [layout for endian in ENDIANS if (layout := _layout(head, endian, size))]
    whole = [layout for layout in layouts if layout.traces > 0 and _rest(layout, size) == 0]
    if not whole:
        raise _no_layout(layouts, head, size)
    layout = whole[0]
    findings: tuple[Finding, ...] = ()
    if layout.endian == "little":
        findings += (
            Finding("info", "little-endian", "file", "little-endian headers", "big-endian", "read as little-endian"),
        )
    return layout, findings


def _layout(head: bytes, endian: Endian, size: int) -> SegyLayout | None:
    """The layout in one byte order, None where the headers make no sense in it."""
    order = ">" if endian == "big" else "<"
    samples = int(struct.unpack_from(order + "H", head, 3220)[0])
    code = int(struct.unpack_from(order + "h", head, 3224)[0])
    extended = int(struct.unpack_from(order + "h", head, 3504)[0])
    offset = BINARY_END + TEXT_BYTES * extended
    if not 0 <= code <= 99 or code in UNSUPPORTED or not 0 <= extended < 1000 or offset > size:
        return None
    known = code if code in FORMATS else IBM  # four bytes a sample either way; the samples decide
    layout = SegyLayout(endian, code, known, samples, 0, offset)
    traces = (size - offset) // layout.dtype.itemsize if samples else 0
    return SegyLayout(endian, code, known, samples, traces, offset)


def _rest(layout: SegyLayout, size: int) -> int:
    return (size - layout.offset) % layout.dtype.itemsize


def _no_layout(layouts: list[SegyLayout], head: bytes, size: int) -> UnreadableFileError:
    """Say why no byte order fits."""
    usable = [layout for layout in layouts if layout.samples > 0 and layout.labelled in FORMATS]
    if usable:
        layout = usable[0]
        if size == layout.offset:
            return _unreadable("header-only", "headers and no trace", "at least one trace", "get the whole file")
        found = f"{size - layout.offset} bytes of traces: {layout.traces} whole and {_rest(layout, size)} bytes more"
        expected = (
            f"a multiple of {layout.dtype.itemsize} bytes ({layout.samples} samples of {FORMAT_NAMES[layout.code]})"
        )
        return _unreadable(
            "truncated", found, expected, "get the whole file, or correct the sample count in the binary header"
        )
    if size == BINARY_END:
        return _unreadable("header-only", "headers and no trace", "at least one trace", "get the whole file")
    codes = [struct.unpack_from(order + "h", head, 3224)[0] for order in "><"]
    for code in codes:
        if code in UNSUPPORTED:
            found = f"sample format {code} ({UNSUPPORTED[code]})"
            return _unreadable("unsupported-format", found, "one of " + _known(), "export the file as IEEE float")
    samples, extended = (struct.unpack_from(">h", head, position)[0] for position in (3220, 3504))
    found = f"sample format {codes[0]}, {samples} samples a trace, {extended} extended headers"
    return _unreadable("not-segy", found, f"format {_known()}; samples > 0; extended >= 0", "check what the file is")


def _known() -> str:
    return ", ".join(f"{code} ({name})" for code, name in FORMAT_NAMES.items())


def _unreadable(code: str, found: str, expected: str, remedy: str) -> UnreadableFileError:
    return UnreadableFileError((Finding("error", code, "file", found, expected, remedy),))


def plausible_code(labelled: int, words: NDArray[np.uint32]) -> int:
    """Whether four-byte samples are IBM or IEEE floats, whatever the label says.

    A normalised IBM float has a non-zero first hexadecimal digit in its fraction (bits 20-23), always. An IEEE float
    has zeros there wherever its exponent is even and its fraction below 1/8: some 8 % of a signal's samples.

    Args:
        labelled: the format code in the binary header.
        words: uint32[n], samples as stored.

    Returns:
        1 (IBM) or 5 (IEEE); `labelled` where the samples do not decide.

    References:
        SEG-Y revision 2.0 (SEG Technical Standards Committee, 2017), section 3.3 and appendix E.
    """
    nonzero = words[(words & 0x7FFFFFFF) != 0]
    unnormalised = np.count_nonzero((nonzero & 0x00F00000) == 0)
    if nonzero.size >= 100 and unnormalised > 0.01 * nonzero.size:
        return IEEE
    even = np.count_nonzero((nonzero & 0x00800000) == 0)  # of these, log2(9/8) = 17 % would be unnormalised
    if labelled != IEEE or (even >= 200 and unnormalised == 0):
        return IBM
    return labelled
