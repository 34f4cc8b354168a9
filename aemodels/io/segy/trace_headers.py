"""Trace headers as columns of integers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.io.segy.binary_header import TRACE_HEADER, Endian, order_of
from aemodels.io.segy.layout import SegyLayout

BLOCK_BYTES = 8_000_000
MIN_REPEATING = 0.9  # share of traces that must agree with the binary header in another byte order
# Name -> first byte (counted from 1) and type (SEG-Y revision 2, table 3).
FIELDS = {
    "offset": (37, "i4"),
    "scalar": (71, "i2"),
    "delay": (109, "i2"),
    "count": (115, "u2"),
    "dt": (117, "u2"),
    "kind": (29, "i2"),
    "coordinate_unit": (89, "i2"),
    "weighting": (169, "i2"),
    "long_count": (229, "i4"),
    "delay_scalar": (215, "i2"),
}
# Trace identification codes (bytes 29-30) of traces that hold no seismic signal.
EXCLUDED_KINDS = {2: "dead", 3: "dummy", 4: "time break", 5: "uphole", 6: "sweep", 7: "timing", 8: "waterbreak"}


@dataclass(frozen=True, eq=False)
class HeaderTable:
    """Headers of traces.

    Args:
        raw: uint8[trace, 240], the first 240 header bytes.
        endian: byte order.
        floats: first bytes of four-byte fields that hold IEEE floats instead of integers.
    """

    raw: NDArray[np.uint8]
    endian: Endian
    floats: frozenset[int] = frozenset()

    def column(self, name: str) -> NDArray[np.int64]:
        """Return a field of `FIELDS` as int64[trace]."""
        return self._read(*FIELDS[name])

    def word(self, position: int) -> NDArray[np.int64]:
        """Return the four-byte integer at a byte position, counted from 1, as int64[trace]; a float that is none: 0."""
        if position in self.floats:
            values = self.float_word(position)
            return np.rint(np.where(np.abs(values) < 2.0**62, values, 0.0)).astype(np.int64)
        return self._read(position, "i4")

    def float_word(self, position: int) -> NDArray[np.float64]:
        """Return the four bytes at a position, counted from 1, as IEEE floats: float64[trace]."""
        words = self._read(position, "u4").astype(np.uint32)
        with np.errstate(
            invalid="ignore"
        ):  # bytes that are no float may be a signalling NaN, which is NaN as any other
            return np.asarray(words.view(np.float32), dtype=np.float64)

    def coordinate(self, position: int) -> NDArray[np.float64]:
        """Return coordinates with the scalar of each trace applied; floats are not scaled."""
        return self.float_word(position) if position in self.floats else self.scaled(self.word(position), "scalar")

    def scaled(self, values: NDArray[np.int64], scalar: str) -> NDArray[np.float64]:
        """Apply a SEG-Y scalar, float64[trace]: positive multiplies, negative divides, zero has no effect."""
        factor = self.column(scalar)
        divisor = np.where(factor < 0, -factor, 1).astype(np.float64)
        return np.asarray(values * np.where(factor > 0, factor, 1) / divisor, dtype=np.float64)

    def _read(self, position: int, kind: str) -> NDArray[np.int64]:
        dtype = np.dtype(order_of(self.endian) + kind)
        part = np.ascontiguousarray(self.raw[:, position - 1 : position - 1 + dtype.itemsize])
        return part.view(dtype)[:, 0].astype(np.int64)


def headers_of(traces: NDArray[np.void], layout: SegyLayout, floats: frozenset[int] = frozenset()) -> HeaderTable:
    """Return the headers of traces read by `SegyLayout.read_traces`, copied so that the samples can be freed."""
    raw = np.ascontiguousarray(traces["header"]).view(np.uint8).reshape(len(traces), layout.header_bytes)
    return HeaderTable(raw[:, :TRACE_HEADER].copy(), layout.header_endian or layout.endian, floats)


def excluded_kinds(headers: HeaderTable) -> NDArray[np.bool_]:
    """Return the traces whose identification code says dead or auxiliary: bool[trace]."""
    return np.asarray(np.isin(headers.column("kind"), list(EXCLUDED_KINDS)), dtype=np.bool_)


def has_excluded(headers: HeaderTable) -> bool:
    """Return True if identification codes tell some traces from the others: not all are dead or auxiliary."""
    excluded = excluded_kinds(headers)
    return bool(excluded.any() and 2 * np.count_nonzero(excluded) < excluded.size)


def block_traces(layout: SegyLayout) -> int:
    """Return the number of traces per block of about 8 MB."""
    return max(1, BLOCK_BYTES // layout.trace_bytes)


def spans(layout: SegyLayout, traces: int, *, stop: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield start and exclusive end of blocks of `traces` traces, up to the end of the file or `stop`."""
    last = layout.traces if stop is None else min(stop, layout.traces)
    for start in range(0, last, traces):
        yield start, min(start + traces, last)


def read_headers(path: Path, layout: SegyLayout, stop: int) -> HeaderTable:
    """Read the headers of the traces before `stop`, block by block."""
    parts = [
        headers_of(layout.read_traces(path, *span), layout).raw
        for span in spans(layout, block_traces(layout), stop=stop)
    ]
    return HeaderTable(np.concatenate(parts), layout.header_endian or layout.endian)


def settle_header_order(path: Path, layout: SegyLayout, stop: int) -> tuple[SegyLayout, tuple[Finding, ...]]:
    """Decide the byte order of the trace headers, by the sample counts and intervals that they repeat.

    Args:
        path: the file.
        layout: its layout, by the binary header.
        stop: exclusive end of the traces that are examined.

    Returns:
        (layout with the byte order to use, findings): another one than that of the binary header if counts and
        intervals agree with it in that order only.
    """
    if layout.endian == "pairwise":
        return layout, ()
    headers = read_headers(path, layout, stop)
    other: Endian = "little" if layout.endian == "big" else "big"
    if _repeats(headers, layout).any() or _repeats(replace(headers, endian=other), layout).mean() < MIN_REPEATING:
        return layout, ()
    found = f"{layout.endian}-endian binary header, {other}-endian trace headers, by their sample counts and intervals"
    remedy = "each is read in its own order; write the file in one byte order"
    finding = Finding("warning", "header-byte-order", "trace headers", found, "one byte order", remedy)
    return replace(layout, header_endian=other), (finding,)


def _repeats(headers: HeaderTable, layout: SegyLayout) -> NDArray[np.bool_]:
    """Return the traces whose headers repeat sample count and interval of the binary header: bool[trace]."""
    count, interval = headers.column("count"), headers.column("dt")
    agree = np.isin(count, (0, layout.samples)) & np.isin(interval, (0, round(layout.interval)))
    return np.asarray(agree & ((count > 0) | (interval > 0)), dtype=np.bool_)
