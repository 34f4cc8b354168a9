"""Traces of different lengths: followed from header to header."""

from __future__ import annotations

import dataclasses
import mmap
from array import array
from pathlib import Path

import numpy as np

from aemodels.core.findings import Finding
from aemodels.core.types import IntArray
from aemodels.io.segy.binary_header import TRACE_HEADER, number_at
from aemodels.io.segy.layout import SegyLayout, unreadable

EXTENSION_NAMES = {"SEG00001".encode(codec) for codec in ("ascii", "cp037")}
SAMPLED = 64  # traces whose counts are looked at before all are followed
MAX_PADDING_RATIO = 8  # times the file's size that traces may take once all are as long as the longest
PROOF = 20_000  # traces that are followed before they are taken to be equally long
HARMLESS = 1_000_000  # bytes that padding may always take


def counts_agree(path: Path, layout: SegyLayout) -> bool:
    """Whether the first trace headers know no other sample count than the layout's (0 = as the binary header says)."""
    stop = min(SAMPLED, layout.traces)
    headers = layout.read_traces(path, 0, stop)["header"].tobytes()
    places = range(0, len(headers), layout.header_bytes)
    # The pairs of bytes are put right already.
    endian = "big" if layout.endian == "pairwise" else layout.endian
    counts = {int(number_at(headers, place + 115, "H", endian)) for place in places}
    return counts <= {0, layout.samples % 2**16}


def uneven(
    path: Path, layout: SegyLayout, end: int, *, declared: bool
) -> tuple[SegyLayout, tuple[Finding, ...]] | None:
    """The layout of a file whose traces state different lengths that fill it to the last byte.

    Args:
        path: the file.
        layout: what its headers say; `samples` is the binary header's count.
        end: first byte behind the traces.
        declared: whether the binary header allows for different lengths.

    Returns:
        (layout, findings), or None where the lengths do not fill the file, or are all the same.

    Raises:
        UnreadableFileError: if the longest trace is so much longer than most that making all equally long would take
            many times the file's size.
    """
    starts = _follow(path, layout, end)
    if starts is None:
        return None
    found = dataclasses.replace(layout, traces=starts.size - 1, starts=starts)
    counts = found.counts(0, found.traces)
    if counts is None or counts.min() == counts.max():
        return None
    longest = int(counts.max())
    found = dataclasses.replace(found, samples=longest)
    if 4 * longest * found.traces > max(MAX_PADDING_RATIO * end, HARMLESS):
        shown = f"traces of {counts.min()} to {longest} samples, half of them below {int(np.median(counts))}"
        remedy = "split the file by trace length"
        raise unreadable("too-uneven", shown, f"at most {MAX_PADDING_RATIO} times the file's size when padded", remedy)
    return found, tuple(_findings(layout.samples, counts, declared=declared))


def _findings(stated: int, counts: IntArray, *, declared: bool) -> list[Finding]:
    shown = f"{counts.min()} to {counts.max()} samples a trace"
    findings = [
        Finding(
            "info" if declared else "warning",
            "trace-lengths-vary",
            "file",
            shown,
            "different lengths, as declared" if declared else "traces of one length, as the binary header says",
            "shorter traces end in missing samples" + ("" if declared else "; correct bytes 3503-3504"),
        )
    ]
    if stated not in counts:
        remedy = "the trace headers' counts are used, which fill the file; correct bytes 3221-3222"
        shown = f"{stated} samples in the binary header, {shown} in the trace headers"
        expected = "the length of some trace"
        findings.append(Finding("warning", "sample-count-conflict", "binary header", shown, expected, remedy))
    return findings


def _follow(path: Path, layout: SegyLayout, end: int) -> IntArray | None:
    """First byte of each trace and of what follows the last; None where headers do not lead to the end."""
    size = layout.sample_dtype.itemsize
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        place, starts = layout.offset, array("q", [layout.offset])
        interval = data[place + 116 : place + 118]
        while place + layout.header_bytes < end and data[place + 116 : place + 118] == interval:
            count = _count_at(data[place : place + layout.header_bytes], layout)
            place += layout.header_bytes + count * size
            if count < 1 or place > end:
                return None
            starts.append(place)
            if len(starts) == PROOF and place - layout.offset == (PROOF - 1) * (starts[1] - layout.offset):
                return None  # so many equal traces: lengths do not differ here, the file is cut or its header wrong
    return np.array(starts, dtype=np.int64) if place == end and len(starts) > 2 else None


def _count_at(header: bytes, layout: SegyLayout) -> int:
    """The count of samples in a trace header; revision 2 may keep a longer one in the first extension."""
    if header[TRACE_HEADER + 232 : TRACE_HEADER + 240] in EXTENSION_NAMES:
        count = int(number_at(header, TRACE_HEADER + 137, "I", layout.endian))
        if count:
            return count
    return int(number_at(header, 115, "H", layout.endian)) or layout.samples
