"""The SEG-Y reader: every trace of a file becomes a channel."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import segyio
from numpy.typing import NDArray

from aemodels.errors import UnreadableFileError
from aemodels.io.hashing import sha256_file
from aemodels.io.segy_layout import (
    FORMAT_NAMES,
    FORMATS,
    IBM,
    IEEE,
    TEXT_BYTES,
    SegyLayout,
    find_layout,
    plausible_code,
)
from aemodels.io.segy_samples import decode_samples
from aemodels.types import AxisArray, Channel, Finding, Recording, Source

DEFAULT_DT_US = 4000
IMPLAUSIBLE = 1e30  # no amplitude unit in use comes near; misread formats reach 1e38
EXACT_INTEGER = 2**24  # float32 holds integers up to here exactly
FIELDS = {
    "inline": segyio.TraceField.INLINE_3D,
    "crossline": segyio.TraceField.CROSSLINE_3D,
    "cdp_x": segyio.TraceField.CDP_X,
    "cdp_y": segyio.TraceField.CDP_Y,
    "offset": segyio.TraceField.offset,
    "dt": segyio.TraceField.TRACE_SAMPLE_INTERVAL,
    "count": segyio.TraceField.TRACE_SAMPLE_COUNT,
    "delay": segyio.TraceField.DelayRecordingTime,
    "delay_scalar": segyio.TraceField.ScalarTraceHeader,
    "scalar": segyio.TraceField.SourceGroupScalar,
}


def read_segy(path: Path) -> Recording:
    """Read a SEG-Y file, whatever its geometry.

    Args:
        path: the file.

    Returns:
        A recording of kind "seismic" with one channel a trace, dead traces included. Findings tell what was doubtful.

    Raises:
        UnreadableFileError: if the file is truncated, empty of traces or no SEG-Y.
        OSError: if it cannot be opened.
    """
    layout, findings = find_layout(path)
    if layout.samples < 2:
        found = f"{layout.samples} samples a trace"
        raise UnreadableFileError(
            (Finding("error", "too-short", "file", found, "at least 2", "check the sample count"),)
        )
    layout, format_findings = settle_format(path, layout)
    values = decode_samples(layout.map_traces(path)["samples"], layout.code)
    fields, binary_dt = _headers(path, layout)
    axis, axis_findings = _axis(fields, binary_dt, layout.samples)
    return Recording(
        values=values,
        axis=axis,
        channels=_channels(fields),
        kind="seismic",
        source=Source(str(path), sha256_file(path)),
        name=path.stem,
        headers={"format": layout.labelled, "endian": layout.endian, "text": read_text_header(path)},
        findings=(
            *findings,
            *format_findings,
            *axis_findings,
            *_value_findings(values),
            *_field_findings(fields, layout),
        ),
    )


def settle_format(path: Path, layout: SegyLayout) -> tuple[SegyLayout, tuple[Finding, ...]]:
    """Decide between IBM and IEEE floats where the label may be wrong.

    Args:
        path: the file.
        layout: its layout by the label.

    Returns:
        (layout with the code to read by, findings).
    """
    if layout.code not in (IBM, IEEE):
        return layout, ()
    stride = max(1, layout.traces * layout.samples // 1_000_000)
    words = dataclasses.replace(layout, code=IBM).map_traces(path)["samples"][::stride].astype(np.uint32).ravel()
    code = plausible_code(layout.labelled, words)
    if code == layout.labelled:
        return layout, ()
    known = layout.labelled in FORMATS
    finding = Finding(
        "warning",
        "format-mislabelled" if known else "format-unknown",
        "binary header",
        f"sample format {layout.labelled}" + (f" ({FORMAT_NAMES[layout.labelled]})" if known else ""),
        f"{code} ({FORMAT_NAMES[code]}), by the samples' bit patterns",
        f"read as {FORMAT_NAMES[code]}; correct bytes 3225-3226",
    )
    return dataclasses.replace(layout, code=code), (finding,)


def read_text_header(path: Path) -> str:
    """The 3200 characters of the text header, EBCDIC or ASCII."""
    with path.open("rb") as stream:
        data = stream.read(TEXT_BYTES)
    return data.decode(text_codec(data), errors="replace")


def text_codec(data: bytes) -> str:
    """Codec of a text header: the blanks decide, 0x40 in EBCDIC and 0x20 in ASCII."""
    return "cp037" if data.count(0x40) > data.count(0x20) else "ascii"


def _headers(path: Path, layout: SegyLayout) -> tuple[dict[str, NDArray[Any]], int]:
    """Trace header fields int[trace] and the binary header's sample interval in us."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown format code is a finding already
        try:
            with segyio.open(path, ignore_geometry=True, endian=layout.endian) as file:
                fields = {name: np.asarray(file.attributes(field)[:]) for name, field in FIELDS.items()}
                return fields, int(file.bin[segyio.BinField.Interval])
        except (RuntimeError, ValueError, IndexError, KeyError) as error:
            found = f"{type(error).__name__}: {error}"
            finding = Finding("error", "bad-header", "headers", found, "SEG-Y headers", "check what the file is")
            raise UnreadableFileError((finding,)) from error


def _axis(fields: dict[str, NDArray[Any]], binary_dt: int, samples: int) -> tuple[AxisArray, tuple[Finding, ...]]:
    """Two-way time float64[sample] in s."""
    findings = []
    intervals = sorted({int(value) for value in fields["dt"] if value > 0})
    dt = binary_dt if binary_dt > 0 else (intervals[0] if intervals else DEFAULT_DT_US)
    if binary_dt <= 0 and not intervals:
        found = f"{binary_dt} us in the binary header, {int(fields['dt'][0])} us in the traces"
        remedy = f"{DEFAULT_DT_US} us is assumed; correct bytes 3217-3218"
        findings.append(Finding("warning", "interval-missing", "binary header", found, "a sample interval > 0", remedy))
    elif any(value != dt for value in intervals):
        shown = ", ".join(str(value) for value in intervals[:5])
        found = f"{binary_dt} us in the binary header, {shown} us in the traces"
        findings.append(
            Finding("warning", "interval-conflict", "headers", found, "one sample interval", f"{dt} us is used")
        )
    start, delay_findings = _start(fields)
    return start + np.arange(samples, dtype=np.float64) * dt * 1e-6, (*findings, *delay_findings)


def _start(fields: dict[str, NDArray[Any]]) -> tuple[float, tuple[Finding, ...]]:
    """Time of the first sample in s."""
    delays = np.unique(_scaled(fields["delay"], fields["delay_scalar"]))
    if delays.size == 1:
        return float(delays[0]) * 1e-3, ()
    found = f"delays of {delays[0]:g}..{delays[-1]:g} ms"
    return 0.0, (
        Finding("warning", "delay-varies", "trace headers", found, "one delay", "time starts at 0 in every trace"),
    )


def _scaled(values: NDArray[Any], scalar: NDArray[Any]) -> NDArray[np.float64]:
    """Apply a SEG-Y scalar: positive multiplies, negative divides, zero leaves."""
    divisor = np.where(scalar < 0, -scalar, 1).astype(np.float64)
    return np.asarray(values * np.where(scalar > 0, scalar, 1) / divisor, dtype=np.float64)


def _channels(fields: dict[str, NDArray[Any]]) -> tuple[Channel, ...]:
    x = _scaled(fields["cdp_x"], fields["scalar"])
    y = _scaled(fields["cdp_y"], fields["scalar"])
    rows: Iterable[Any] = zip(fields["inline"], fields["crossline"], x, y, fields["offset"], strict=True)
    return tuple(
        Channel(
            f"trace {number}",
            "amplitude",
            {
                "trace": number,
                "inline": int(inline),
                "crossline": int(crossline),
                "cdp_x": float(cdp_x),
                "cdp_y": float(cdp_y),
                "offset": int(offset),
            },
        )
        for number, (inline, crossline, cdp_x, cdp_y, offset) in enumerate(rows)
    )


def _value_findings(values: NDArray[np.float32]) -> tuple[Finding, ...]:
    findings = []
    missing = np.isnan(values)
    if missing.any():
        first = int(np.argmax(missing.any(axis=1)))
        found = f"{int(missing.sum())} samples that are infinite or no numbers"
        findings.append(Finding("warning", "not-finite", f"trace {first}", found, "finite samples", "read as missing"))
    largest = float(np.nanmax(np.abs(values), initial=0.0))
    if largest > IMPLAUSIBLE:
        remedy = "check the sample format in bytes 3225-3226"
        found = f"amplitudes up to {largest:.3g}"
        findings.append(Finding("warning", "implausible-values", "samples", found, f"below {IMPLAUSIBLE:g}", remedy))
    return tuple(findings)


def _field_findings(fields: dict[str, NDArray[Any]], layout: SegyLayout) -> tuple[Finding, ...]:
    findings = []
    counts = np.unique(fields["count"][fields["count"] != 0])
    if (counts != layout.samples).any():
        found = f"{', '.join(str(count) for count in counts[:5])} samples in the trace headers"
        remedy = "the binary header's count is used, which fits the file's size"
        findings.append(
            Finding("warning", "sample-count-conflict", "trace headers", found, f"{layout.samples}", remedy)
        )
    for name in ("inline", "crossline"):
        largest = int(np.abs(fields[name].astype(np.int64)).max())
        if largest > EXACT_INTEGER:
            remedy = "check the byte positions; the numbers are kept as they stand"
            findings.append(
                Finding("warning", "implausible-header", name, f"{name} {largest}", "a line number", remedy)
            )
    if layout.code in (2, 10):
        remedy = "samples beyond 16777216 are rounded to float32"
        findings.append(Finding("info", "precision", "samples", FORMAT_NAMES[layout.code], "at most 24 bits", remedy))
    return tuple(findings)
