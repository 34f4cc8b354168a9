"""SEG-Y files with traces of different lengths."""

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
from aemodels.io.segy.trace_headers import headers_of

EXTENSION_NAMES = {"SEG00001".encode(codec) for codec in ("ascii", "cp037")}
SAMPLED = 64  # traces whose sample counts are checked first
MAX_PADDING_RATIO = 8  # size of the padded traces, in file sizes
EQUAL_TRACES = 20_000  # equal traces at the start after which all are taken as equal
MIN_PADDED_BYTES = 1_000_000  # always allowed
MIN_REPEATED = 3  # traces from which a repeated count and interval is no chance


def counts_agree(path: Path, layout: SegyLayout) -> bool:
    """Return True if the first trace headers have the sample count of the layout (or 0 = as in the binary header)."""
    stop = min(SAMPLED, layout.traces)
    headers = layout.read_traces(path, 0, stop)["header"].tobytes()
    offsets = range(0, len(headers), layout.header_bytes)
    # Byte pairs are already swapped.
    endian = "big" if layout.endian == "pairwise" else layout.endian
    counts = {int(number_at(headers, offset + 115, "H", endian)) for offset in offsets}
    return counts <= {0, layout.samples % 2**16}


def headers_repeat(path: Path, layout: SegyLayout) -> bool:
    """Return True if several trace headers repeat the sample count of the layout and one interval that is not 0.

    A layout without traces has none.
    """
    stop = min(SAMPLED, layout.traces)
    if stop < MIN_REPEATED or layout.samples < 2:
        return False
    headers = headers_of(layout.read_traces(path, 0, stop), layout)
    for order in (headers, dataclasses.replace(headers, endian="little" if headers.endian == "big" else "big")):
        counts, intervals = order.column("count"), order.column("dt")
        if (counts == layout.samples % 2**16).all() and intervals[0] and (intervals == intervals[0]).all():
            return True
    return False


def variable_length(
    path: Path, layout: SegyLayout, end: int, *, declared: bool, empty: bool = False
) -> tuple[SegyLayout, tuple[Finding, ...]] | None:
    """Return the layout of a file whose traces have different lengths that fill it exactly.

    Args:
        path: the file.
        layout: declared layout; `samples` is the count of the binary header.
        end: byte offset of the end of the traces.
        declared: True if the binary header allows different lengths.
        empty: True if a count of 0 is a trace without samples, not one as long as the binary header states.

    Returns:
        (layout, findings); None if the lengths do not fill the file, or are all equal.

    Raises:
        UnreadableFileError: if padding all traces to the longest would take many times the file size.
    """
    starts = _follow(path, layout, end, empty=empty)
    if starts is None:
        return None
    found = dataclasses.replace(layout, traces=starts.size - 1, starts=starts)
    counts = found.counts(0, found.traces)
    if counts is None or counts.min() == counts.max():
        return None
    longest = int(counts.max())
    found = dataclasses.replace(found, samples=longest)
    if 4 * longest * found.traces > max(MAX_PADDING_RATIO * end, MIN_PADDED_BYTES):
        shown = f"traces of {counts.min()} to {longest} samples, median {int(np.median(counts))}"
        remedy = "split the file by trace length"
        raise unreadable("too-uneven", shown, f"at most {MAX_PADDING_RATIO} times the file size after padding", remedy)
    return found, tuple(_findings(layout.samples, counts, declared=declared))


def _findings(stated: int, counts: IntArray, *, declared: bool) -> list[Finding]:
    shown = f"{counts.min()} to {counts.max()} samples per trace"
    if not counts.min():
        shown += f", none in {np.count_nonzero(counts == 0)} traces, the first of them trace {int(np.argmin(counts))}"
    findings = [
        Finding(
            "info" if declared else "warning",
            "trace-lengths-vary",
            "file",
            shown,
            "different lengths, as declared" if declared else "traces of one length, as declared in the binary header",
            "shorter traces are padded with missing samples" + ("" if declared else "; correct bytes 3503-3504"),
        )
    ]
    if stated not in counts:
        remedy = "the counts of the trace headers are used, which fill the file; correct bytes 3221-3222"
        shown = f"{stated} samples in the binary header, {shown} in the trace headers"
        expected = "the length of a trace"
        findings.append(Finding("warning", "sample-count-conflict", "binary header", shown, expected, remedy))
    return findings


def _follow(path: Path, layout: SegyLayout, end: int, *, empty: bool) -> IntArray | None:
    """Return the byte offset of each trace and of the end; None if the lengths do not add up to the end."""
    size = layout.sample_dtype.itemsize
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        position, starts = layout.offset, array("q", [layout.offset])
        interval = data[position + 116 : position + 118]
        while position + layout.header_bytes <= end and data[position + 116 : position + 118] == interval:
            count = _count_at(data[position : position + layout.header_bytes], layout)
            count = layout.samples if not count and not empty else count
            position += layout.header_bytes + count * size
            if (count < 1 and not empty) or position > end:
                return None
            starts.append(position)
            if len(starts) == EQUAL_TRACES and position - layout.offset == (EQUAL_TRACES - 1) * (
                starts[1] - layout.offset
            ):
                return None  # all traces are equal: the file is truncated or its header is wrong
    return np.array(starts, dtype=np.int64) if position == end and len(starts) > 2 else None


def _count_at(header: bytes, layout: SegyLayout) -> int:
    """Return the sample count of a trace header; revision 2 may have a larger one in the first extension."""
    if header[TRACE_HEADER + 232 : TRACE_HEADER + 240] in EXTENSION_NAMES:
        count = int(number_at(header, TRACE_HEADER + 137, "I", layout.endian))
        if count:
            return count
    return int(number_at(header, 115, "H", layout.endian))
