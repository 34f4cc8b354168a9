"""SEG-Y writers: a recording as a new file, and a copy of a file with other samples in it."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import segyio

from aemodels.errors import DataError
from aemodels.io.atomic import atomic_path
from aemodels.io.segy_binary import TEXT_BYTES
from aemodels.io.segy_find import find_layout
from aemodels.io.segy_format import settle_format
from aemodels.io.segy_headers import block_traces, spans
from aemodels.io.segy_layout import IBM, IEEE, SegyLayout
from aemodels.io.segy_samples import encode_samples, read_values
from aemodels.io.segy_text import read_text_header, text_codec
from aemodels.types import Finding, FloatArray, Recording

CODES = {"ieee": IEEE, "ibm": IBM}
MAX_INT16 = 32767


def write_segy(recording: Recording, path: Path, *, sample_format: Literal["ieee", "ibm"] = "ieee") -> None:
    """Write a recording of kind "seismic" as a SEG-Y revision 1 file.

    Trace headers: inline, crossline, cdp_x, cdp_y (with a scalar), offset, sample count and interval, delay.

    Args:
        recording: the line; its channels' headers may lack any field (0 is written).
        path: the file to write (whole or not at all).
        sample_format: 4-byte IEEE floats, exact, or IBM floats, rounded to 21-24 bits.

    Raises:
        DataError: if the recording is no seismic, its axis is irregular or does not fit the headers, or holds NaN
            that IBM floats cannot express.
    """
    dt, delay = _timing(recording)
    if sample_format == "ibm" and np.isnan(recording.values).any():
        raise DataError(f"{recording.source.uri}: NaN cannot be written as an IBM float; write IEEE, or fill the gaps")
    coordinates = [float(c.headers.get(key, 0.0)) for c in recording.channels for key in ("cdp_x", "cdp_y")]
    scalar = _coordinate_scalar(coordinates)
    spec = segyio.spec()
    spec.format = CODES[sample_format]
    spec.samples = recording.axis * 1e3
    spec.tracecount = len(recording.channels)
    with atomic_path(path) as temporary, segyio.create(str(temporary), spec) as file:
        file.text[0] = segyio.tools.create_text_header(_text_lines(recording, dt))
        file.bin.update({segyio.BinField.Interval: dt, segyio.BinField.SEGYRevision: 1, segyio.BinField.TraceFlag: 1})
        for number, channel in enumerate(recording.channels):
            file.header[number] = _trace_header(number, channel.headers, scalar) | {
                segyio.TraceField.TRACE_SAMPLE_COUNT: recording.axis.size,
                segyio.TraceField.TRACE_SAMPLE_INTERVAL: dt,
                segyio.TraceField.DelayRecordingTime: delay,
            }
        file.trace = np.ascontiguousarray(recording.values)


def write_denoised_segy(source: Path, target: Path, values: FloatArray, history: str) -> tuple[Finding, ...]:
    """Copy a SEG-Y file with other samples: same format, same headers, and a line of history in the text header.

    A sample whose new value is NaN, or equals what the reader reads there, keeps its bytes.

    Args:
        source: the file read; it is not changed.
        target: the file to write (whole or not at all).
        values: float32[trace, sample], as `read_segy` orders them; NaN = keep the original.
        history: what was done, plain ASCII; goes to unused lines of the text header.

    Returns:
        A finding where the text header had no line to spare for the history.

    Raises:
        DataError: if the shape does not fit the file.
        UnreadableFileError: if the source is no readable SEG-Y.
    """
    layout, _ = find_layout(source)
    if values.shape != (layout.traces, layout.samples) or values.dtype != np.float32:
        expected = f"float32{(layout.traces, layout.samples)}"
        raise DataError(f"{source}: new samples are {values.dtype}{values.shape}; expected {expected}")
    blocks = (values[start:stop] for start, stop in spans(layout, block_traces(layout)))
    return write_denoised_blocks(source, target, blocks, history)


def write_denoised_blocks(
    source: Path, target: Path, blocks: Iterable[FloatArray], history: str
) -> tuple[Finding, ...]:
    """Copy a SEG-Y file with other samples that arrive block by block: memory does not grow with the file.

    Args:
        source: the file read; it is not changed.
        target: the file to write (whole or not at all).
        blocks: float32[trace, sample] of neighbouring traces, in order and together all of them; NaN = keep the
            original.
        history: as for `write_denoised_segy`.

    Returns:
        A finding where the text header had no line to spare for the history.

    Raises:
        DataError: if the blocks do not make up the file.
        UnreadableFileError: if the source is no readable SEG-Y.
    """
    layout, _ = find_layout(source)
    layout, _ = settle_format(source, layout)
    header, findings = add_history(source, history)
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
        with temporary.open("r+b") as stream:
            stream.write(header)
            done = 0
            for values in blocks:
                traces = _replaced(source, layout, values, done)
                stream.seek(layout.place_of(done))
                stream.write(layout.to_bytes(traces, done))
                done += len(values)
        if done != layout.traces:
            raise DataError(f"{source}: new samples for {done} traces; expected {layout.traces}")
    return findings


def _replaced(source: Path, layout: SegyLayout, values: FloatArray, first: int) -> Any:
    """Traces as stored, with the samples that changed."""
    if values.shape[1:] != (layout.samples,) or values.dtype != np.float32 or first + len(values) > layout.traces:
        expected = f"float32[at most {layout.traces - first}, {layout.samples}]"
        raise DataError(f"{source}: new samples are {values.dtype}{values.shape} at trace {first}; expected {expected}")
    traces = layout.read_traces(source, first, first + len(values))
    stored = traces["samples"]
    changed = np.isfinite(values) & (values != read_values(layout, traces, first))
    replacement = encode_samples(np.where(changed, values, np.float32(0.0)), layout.code, stored.dtype)
    stored[changed] = replacement[changed]
    return traces


def add_history(source: Path, history: str) -> tuple[bytes, tuple[Finding, ...]]:
    """The text header of a file with history in its free lines.

    Args:
        source: the file.
        history: any text; characters that EBCDIC and ASCII do not share become "?".

    Returns:
        (3200 bytes in the file's own encoding, findings).
    """
    with source.open("rb") as stream:
        header = bytearray(stream.read(TEXT_BYTES))
    codec = text_codec(bytes(header))
    text = read_text_header(source)
    lines = [text[start : start + 80] for start in range(0, TEXT_BYTES, 80)]
    used = [number for number, line in enumerate(lines) if not _is_free(line)]
    # After the last line in use if there is room, so that history reads downwards; else any gap.
    free = [number for number in range(40) if number not in used]
    free.sort(key=lambda number: (number < max(_body(used), default=-1), number))
    pieces = textwrap.wrap(re.sub(r"[^A-Za-z0-9 .,;:+*/()=_'-]", "?", history), 76)
    for number, piece in zip(free, pieces, strict=False):
        header[80 * number : 80 * (number + 1)] = f"C{number + 1:2d} {piece}".ljust(80).encode(codec)
    if len(pieces) <= len(free):
        return bytes(header), ()
    found = f"{len(free)} unused lines for {len(pieces)} lines of history"
    remedy = "the rest is not written; no line in use is overwritten"
    return bytes(header), (Finding("warning", "no-room-for-history", "text header", found, "unused lines", remedy),)


def _body(used: list[int]) -> list[int]:
    """Lines in use but for the closing lines ("SEG Y REV1", "END TEXTUAL HEADER" stand in lines 39 and 40)."""
    return [number for number in used if number < 38]


def _is_free(line: str) -> bool:
    """Whether a line of the text header holds nothing but its number."""
    return re.fullmatch(r"(C\s*\d{0,2})?[\s\x00]*", line) is not None


def _timing(recording: Recording) -> tuple[int, int]:
    """Sample interval in us and delay in ms, refused where the headers cannot hold them."""
    uri = recording.source.uri
    if recording.kind != "seismic":
        raise DataError(f"{uri}: kind is {recording.kind!r}; expected 'seismic' for a SEG-Y file")
    if not 2 <= recording.axis.size <= MAX_INT16:
        raise DataError(f"{uri}: {recording.axis.size} samples a trace; expected 2 to {MAX_INT16}")
    steps = np.diff(recording.axis) * 1e6
    dt, delay = round(float(np.mean(steps))), round(float(recording.axis[0]) * 1e3)
    if not 0 < dt <= MAX_INT16 or np.abs(steps - dt).max() > 0.5:
        raise DataError(
            f"{uri}: sample interval is {steps.min():g}..{steps.max():g} us; "
            f"expected one whole number of us up to {MAX_INT16}"
        )
    if abs(delay) > MAX_INT16 or abs(delay - recording.axis[0] * 1e3) > 1e-3:
        raise DataError(f"{uri}: the first sample is at {recording.axis[0]} s; expected a whole number of ms")
    return dt, delay


def _coordinate_scalar(coordinates: list[float]) -> int:
    """The SEG-Y scalar that keeps most decimals in 32 bits: -1000 is mm, 1 is m."""
    largest = max((abs(value) for value in coordinates), default=0.0)
    for scalar in (-1000, -100, -10):
        whole = all(abs(value * -scalar / 10 - round(value * -scalar / 10)) < 1e-6 for value in coordinates)
        if not whole and largest * -scalar < 2**31:
            return scalar
    return 1


def _trace_header(number: int, headers: Any, scalar: int) -> dict[int, int]:
    factor = -scalar if scalar < 0 else 1
    return {
        segyio.TraceField.TRACE_SEQUENCE_LINE: number + 1,
        segyio.TraceField.TRACE_SEQUENCE_FILE: number + 1,
        segyio.TraceField.TraceIdentificationCode: 1,
        segyio.TraceField.INLINE_3D: int(headers.get("inline", 0)),
        segyio.TraceField.CROSSLINE_3D: int(headers.get("crossline", 0)),
        segyio.TraceField.CDP: int(headers.get("crossline", 0)),
        segyio.TraceField.CDP_X: round(float(headers.get("cdp_x", 0.0)) * factor),
        segyio.TraceField.CDP_Y: round(float(headers.get("cdp_y", 0.0)) * factor),
        segyio.TraceField.SourceGroupScalar: scalar,
        segyio.TraceField.offset: int(headers.get("offset", 0)),
    }


def _text_lines(recording: Recording, dt: int) -> dict[int, str]:
    name = re.sub(r"[^\x20-\x7e]", "?", recording.name)[:60]
    return {
        1: f"LINE {name}",
        2: f"TRACES {len(recording.channels)}  SAMPLES {recording.axis.size}  INTERVAL {dt} US",
        3: "BYTES 189-192 INLINE  193-196 CROSSLINE  181-188 CDP X Y  71-72 SCALAR",
        39: "SEG Y REV1",
        40: "END TEXTUAL HEADER",
    }
