"""Layout of a SEG-Y file, and reading and writing of its traces."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import IntArray
from aemodels.io.segy.binary_header import TRACE_HEADER, Endian, order_of

IBM, INT32, INT16, IEEE, FIXED_GAIN, INT24, UINT24 = 1, 2, 3, 5, 4, 7, 15
DOUBLE, INT8 = 6, 8
INVERSE_GAIN = -FIXED_GAIN  # internal code: fixed point divided by its gain; the standard has one code for both
THREE_BYTES = (INT24, UINT24)
# Sample format code -> NumPy type of one sample (SEG-Y revision 2, table 2, binary header bytes 3225-3226).
FORMATS = {1: "u4", 2: "i4", 3: "i2", 4: "u4", 5: "f4", 6: "f8", 7: "(3,)u1", 8: "i1", 9: "i8", 10: "u4", 11: "u2"} | {
    12: "u8",
    15: "(3,)u1",
    16: "u1",
    INVERSE_GAIN: "u4",
}
FORMAT_NAMES = {1: "IBM float", 2: "int32", 3: "int16", 4: "fixed point with gain", 5: "IEEE float"} | {
    6: "IEEE double",
    7: "int24",
    8: "int8",
    9: "int64",
    10: "uint32",
    11: "uint16",
    12: "uint64",
    15: "uint24",
    16: "uint8",
}


@dataclass(frozen=True)
class SegyLayout:
    """Layout of a file.

    Args:
        endian: byte order of the binary header, and of trace headers and samples unless another is stated.
        declared_code: sample format code in the binary header.
        code: sample format code used for reading; differs if the declared one is implausible.
        samples: samples per trace, of the longest one if lengths differ.
        traces: traces in the file.
        offset: bytes before the first trace.
        header_bytes: bytes of headers before the samples of each trace.
        revision: (major, minor) of SEG-Y.
        interval: sample interval of the binary header in us; 0 = none.
        extended: number of extended text headers.
        starts: int64[trace + 1], byte offset of each trace and of the end of the last, if lengths differ; None if all
            traces have the same length.
        sample_endian: byte order of the samples if it is not that of the binary header.
        header_endian: byte order of the trace headers if it is not that of the binary header.
    """

    endian: Endian
    declared_code: int
    code: int
    samples: int
    traces: int
    offset: int
    header_bytes: int = TRACE_HEADER
    revision: tuple[int, int] = (0, 0)
    interval: float = 0.0
    extended: int = 0
    starts: IntArray | None = field(default=None, compare=False, repr=False)
    sample_endian: Endian | None = None
    header_endian: Endian | None = None

    @property
    def sample_dtype(self) -> np.dtype[Any]:
        """Type of one stored sample (three-byte integers as three bytes)."""
        return np.dtype(FORMATS[self.code]).newbyteorder(order_of(self.sample_endian or self.endian))

    @property
    def trace_bytes(self) -> int:
        """Bytes of one trace with its headers, of the longest one if lengths differ."""
        return self.header_bytes + self.samples * self.sample_dtype.itemsize

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one trace: header bytes and stored samples."""
        return np.dtype([("header", f"V{self.header_bytes}"), ("samples", self.sample_dtype, (self.samples,))])

    def counts(self, start: int, stop: int) -> IntArray | None:
        """Return the samples per trace, int64[trace]; None if all traces have the same length."""
        if self.starts is None:
            return None
        return (np.diff(self.starts[start : stop + 1]) - self.header_bytes) // self.sample_dtype.itemsize

    def byte_offset(self, trace: int) -> int:
        """Return the byte offset of a trace."""
        return self.offset + trace * self.trace_bytes if self.starts is None else int(self.starts[trace])

    def read_traces(self, path: Path, start: int, stop: int) -> NDArray[np.void]:
        """Read traces `start` to `stop` (exclusive) as an array of `dtype`; shorter traces are zero-padded.

        Swapped byte pairs are corrected, and three-byte integers start with their highest byte.
        """
        if self.starts is None:
            traces = np.fromfile(path, dtype=self.dtype, count=stop - start, offset=self.byte_offset(start))
            return self._arranged(traces)
        offsets = self.starts[start : stop + 1] - self.starts[start]
        data = np.fromfile(path, dtype=np.uint8, count=int(offsets[-1]), offset=self.byte_offset(start))
        traces = np.zeros(stop - start, dtype=self.dtype)
        raw = self._bytes_of(traces)
        for row, (first, last) in enumerate(pairwise(offsets.tolist())):
            raw[row, : last - first] = data[first:last]
        return self._arranged(traces)

    def to_bytes(self, traces: NDArray[np.void], start: int) -> bytes:
        """Return the bytes in the file of traces from `start` on: the inverse of `read_traces`."""
        arranged = self._arranged(traces)
        if self.starts is None:
            return arranged.tobytes()
        lengths = np.diff(self.starts[start : start + len(traces) + 1]).tolist()
        return b"".join(row[:length].tobytes() for row, length in zip(self._bytes_of(arranged), lengths, strict=True))

    def _bytes_of(self, traces: NDArray[np.void]) -> NDArray[np.uint8]:
        return traces.view(np.uint8).reshape(len(traces), self.trace_bytes)

    def _arranged(self, traces: NDArray[np.void]) -> NDArray[np.void]:
        """Convert between the byte order of the file and one that NumPy supports; its own inverse."""
        if (self.sample_endian or self.endian) == "little" and self.code in THREE_BYTES:
            traces = traces.copy()
            traces["samples"] = traces["samples"][..., ::-1].copy()
        if self.endian == "pairwise":
            traces = traces.copy()
            raw = self._bytes_of(traces)
            end = self.header_bytes if self.sample_dtype.itemsize == 1 else self.trace_bytes
            first = raw[:, 0:end:2].copy()
            raw[:, 0:end:2], raw[:, 1:end:2] = raw[:, 1:end:2], first
        return traces


def unreadable(code: str, found: str, expected: str, remedy: str) -> UnreadableFileError:
    """Return the error that rejects a file."""
    return UnreadableFileError((Finding("error", code, "file", found, expected, remedy),))
