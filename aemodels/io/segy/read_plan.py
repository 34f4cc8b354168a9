"""Read plan of a SEG-Y file: layout, sample format, header positions and time axis."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import AxisArray, Source
from aemodels.io.files.hashing import sha256_file
from aemodels.io.segy.binary_header import BINARY_END, declared_interval
from aemodels.io.segy.header_positions import HeaderPositions, choose_positions, float_fields
from aemodels.io.segy.layout import SegyLayout
from aemodels.io.segy.layout_detection import find_layout
from aemodels.io.segy.sample_format import settle_format
from aemodels.io.segy.text_header import domain_finding, read_text_headers
from aemodels.io.segy.trace_headers import HeaderTable, has_excluded, read_headers, settle_header_order

DEFAULT_DT_US = 4000.0
LARGEST_SIGNED = 2**15 - 1
UNSIGNED_NONE = 2**16 - 1  # -1
MILLISECONDS = (1.0, 2.0, 4.0, 8.0)
MIN_RECORD_US, MIN_RECORD_SAMPLES = 20_000.0, 250  # a shorter record has no seismic reflection below a few metres
ANGLES = {2: "seconds of arc", 3: "decimal degrees", 4: "degrees, minutes and seconds"}
REVISIONS = ("0000", "0100", "0200", "0201", "0001", "0002")  # the last two: a plain number instead of two bytes
HEADER_SAMPLE = 20_000  # traces whose headers are examined


@dataclass(frozen=True, eq=False)
class SegyPlan:
    """Read plan of a file.

    Args:
        path: the file.
        source: its path and hash.
        layout: layout and sample format.
        positions: byte positions of line numbers and coordinates.
        interval: sample interval in us.
        start: time of the first sample in s.
        scalar: the first trace's coordinate scalar.
        findings: findings about the file as a whole.
        floats: first bytes of trace header fields that hold floats.
        excluded: True if traces that the headers name dead or auxiliary are left out.
    """

    path: Path
    source: Source
    layout: SegyLayout
    positions: HeaderPositions
    interval: float
    start: float
    scalar: int
    findings: tuple[Finding, ...]
    floats: frozenset[int] = frozenset()
    excluded: bool = False

    @property
    def axis(self) -> AxisArray:
        """Two-way time float64[sample] in s."""
        return self.start + np.arange(self.layout.samples, dtype=np.float64) * self.interval * 1e-6


def plan_segy(path: Path, positions: HeaderPositions | None = None, source: Source | None = None) -> SegyPlan:
    """Determine how a file is read, from its headers and some of its traces.

    Args:
        path: the file.
        positions: byte positions of inline, crossline and coordinates; None = the standard ones, or older ones if
            these are empty.
        source: its path or URL and its hash; None = the file is hashed, which reads all of it.

    Returns:
        The plan.

    Raises:
        UnreadableFileError: if the file is truncated, has no traces or is not a SEG-Y file.
        OSError: if it cannot be opened.
    """
    layout, findings = find_layout(path)
    if layout.samples < 2:
        found = f"{layout.samples} samples per trace"
        raise UnreadableFileError(
            (Finding("error", "too-short", "file", found, "at least 2", "check the sample count"),)
        )
    layout, order_findings = settle_header_order(path, layout, HEADER_SAMPLE)
    layout, format_findings = settle_format(path, layout)
    headers = read_headers(path, layout, HEADER_SAMPLE)
    chosen, position_findings = choose_positions(headers) if positions is None else (positions, ())
    floats, float_findings = float_fields(headers, chosen)
    interval, interval_findings = _interval(path, headers, layout)
    delays = np.unique(headers.scaled(headers.column("delay"), "delay_scalar"))
    start = float(delays[0]) * 1e-3 if delays.size == 1 else 0.0
    return SegyPlan(
        path,
        source or Source(str(path), sha256_file(path)),
        layout,
        chosen,
        interval,
        start,
        int(headers.column("scalar")[0]),
        (
            *(*findings, *order_findings, *format_findings, *_revision(path, layout)),
            *(*position_findings, *float_findings, *interval_findings, *_coordinate_unit(headers)),
            *domain_finding(read_text_headers(path, layout.extended), interval),
        ),
        floats,
        has_excluded(headers),
    )


def _interval(path: Path, headers: HeaderTable, layout: SegyLayout) -> tuple[float, tuple[Finding, ...]]:
    """Return the sample interval in us from the binary header, else from the traces, else 4 ms."""
    intervals = np.unique(headers.column("dt"))
    positive = intervals[intervals > 0]
    stated = layout.interval if layout.interval > 0 else float(positive[0]) if positive.size else 0.0
    if stated > LARGEST_SIGNED and positive.size and stated not in positive:
        stated = float(positive[0])  # a negative number, which the traces contradict
    if stated in MILLISECONDS and 1000 * stated in positive:
        return _in_milliseconds(stated, layout)
    if stated in MILLISECONDS and layout.samples * stated <= MIN_RECORD_US and layout.samples >= MIN_RECORD_SAMPLES:
        return _in_milliseconds(stated, layout)
    if stated in (0, UNSIGNED_NONE):
        stated = 0.0
    if stated > 0:
        return stated, ()
    with path.open("rb") as stream:
        head = stream.read(BINARY_END)
    found = f"{declared_interval(head, layout.endian)} us in the binary header, {intervals[0]} us in the traces"
    remedy = f"{DEFAULT_DT_US:g} us is assumed; correct bytes 3217-3218"
    finding = Finding("warning", "interval-missing", "binary header", found, "a sample interval > 0", remedy)
    return DEFAULT_DT_US, (finding,)


def _in_milliseconds(stated: float, layout: SegyLayout) -> tuple[float, tuple[Finding, ...]]:
    found = (
        f"{stated:g} us: a record of {stated * layout.samples * 1e-3:g} ms; {stated * layout.samples * 1e-3:g} s in ms"
    )
    remedy = f"{stated:g} ms is used; correct bytes 3217-3218, or the traces'"
    finding = Finding("warning", "interval-in-ms", "binary header", found, "a sample interval in us", remedy)
    return 1000.0 * stated, (finding,)


def _coordinate_unit(headers: HeaderTable) -> tuple[Finding, ...]:
    """Return a finding if coordinates are angles, by bytes 89-90."""
    units = [int(unit) for unit in np.unique(headers.column("coordinate_unit")) if unit in ANGLES]
    if not units:
        return ()
    found = f"coordinate unit {units[0]} (bytes 89-90): {ANGLES[units[0]]}"
    remedy = "X and Y are longitude and latitude in this unit; they are not converted"
    return (Finding("info", "coordinate-angles", "trace headers", found, "1 (lengths)", remedy),)


def _revision(path: Path, layout: SegyLayout) -> tuple[Finding, ...]:
    with path.open("rb") as stream:
        stream.seek(3500)
        written = stream.read(2)
    if written.hex() in REVISIONS:
        return ()
    found = f"revision {written.hex()} (hexadecimal)"
    remedy = f"read as revision {layout.revision[0]}; correct bytes 3501-3502"
    return (Finding("info", "revision-unknown", "binary header", found, "0000, 0100, 0200 or 0201", remedy),)
