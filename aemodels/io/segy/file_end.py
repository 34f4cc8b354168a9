"""Bytes after the last trace of a SEG-Y file, told from a trace that was cut off."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.io.segy.binary_header import TRACE_HEADER
from aemodels.io.segy.layout import SegyLayout
from aemodels.io.segy.trace_headers import HeaderTable, headers_of

MIN_TRACES = 3
END_OF_FIELDS = 118  # zeros up to here may be the start of a header
CHECKED = 64  # traces at the end whose headers are compared with the rest
MIN_HEADER, ALIKE = 16, 0.8  # bytes, and share of them that is as in the header before
FIELDS = ("count", "dt")


def without_trailing_bytes(
    path: Path, layout: SegyLayout, end: int, *, exact: bool = False
) -> tuple[SegyLayout, Finding] | None:
    """Return the layout of a file with bytes after its last trace that are no trace.

    A trace that was cut off begins with a header like the others: the same sample count and interval, or the next
    number of the line. Then the file is truncated, and there is no such layout.

    Args:
        path: the file.
        layout: its layout without the number of traces.
        end: byte offset of the end of the file.
        exact: True if the bytes are as long as some traces; they must then state another count and interval.
    """
    whole = (end - layout.offset) // layout.trace_bytes
    if layout.samples < 1 or whole < 1:
        return None
    filled = dataclasses.replace(layout, traces=whole)
    first = headers_of(filled.read_traces(path, 0, min(whole, CHECKED)), filled)
    start = max(whole - CHECKED, 0)
    last = headers_of(filled.read_traces(path, start, whole), filled)
    like = _are_like(last, first)
    if not like.any() or not like[: np.argmin(like)].all() or (start and not _are_like(first, first).all()):
        return None
    traces = start + (int(np.argmin(like)) if not like.all() else like.size)
    if exact and (traces == whole or not _is_no_header(last, first, traces - start)):
        return None
    rest = end - layout.offset - traces * layout.trace_bytes
    if (
        not rest
        or traces < MIN_TRACES
        or rest > end / 2
        or _begins_a_trace(path, dataclasses.replace(layout, traces=traces), rest, first)
    ):
        return None
    found = f"{rest} bytes after the last whole trace"
    remedy = "they are left out, as they do not begin like a trace; get the complete file if it was cut off"
    finding = Finding("warning", "trailing-bytes", f"trace {traces - 1}", found, "the end of the file", remedy)
    return dataclasses.replace(layout, traces=traces), finding


def _are_like(headers: HeaderTable, first: HeaderTable) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which headers have the sample count and interval of the first one, and any other content."""
    same = np.ones(len(headers.raw), dtype=np.bool_)
    for name in FIELDS:
        same &= headers.column(name) == first.column(name)[0]
    filled = headers.raw.any(axis=1) if first.raw[0].any() else True
    return np.asarray(same & filled, dtype=np.bool_)


def _is_no_header(headers: HeaderTable, first: HeaderTable, trace: int) -> bool:
    """Return True if a header states a count and an interval, and both differ from those of the first trace."""
    stated = [(int(headers.column(name)[trace]), int(first.column(name)[0])) for name in FIELDS]
    return all(own and usual and own != usual for own, usual in stated)


def _begins_a_trace(path: Path, layout: SegyLayout, rest: int, first: HeaderTable) -> bool:
    with path.open("rb") as stream:
        stream.seek(layout.byte_offset(layout.traces))
        head = stream.read(min(rest, TRACE_HEADER))
    if not any(head):
        return len(head) < END_OF_FIELDS and not _last_header(path, layout)[: len(head)].any()
    padded = np.zeros((1, TRACE_HEADER), dtype=np.uint8)
    padded[0, : len(head)] = np.frombuffer(head, dtype=np.uint8)
    if len(head) == TRACE_HEADER:
        interval = HeaderTable(padded, first.endian).column("dt")[0]
        return bool(interval) and interval == first.column("dt")[0]  # also of a trace of another length
    last = headers_of(layout.read_traces(path, layout.traces - 1, layout.traces), layout)
    number = HeaderTable(padded, first.endian).word(1)[0]
    if len(head) >= MIN_HEADER and (padded[0, : len(head)] == last.raw[0, : len(head)]).mean() > ALIKE:
        return True
    return len(head) >= 4 and bool(number) and number - last.word(1)[0] in (0, 1)


def _last_header(path: Path, layout: SegyLayout) -> NDArray[np.uint8]:
    header: NDArray[np.uint8] = headers_of(layout.read_traces(path, layout.traces - 1, layout.traces), layout).raw[0]
    return header
