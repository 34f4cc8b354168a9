"""SEG-Y writer: a recording as a new file."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import segyio

from aemodels.core.errors import DataError
from aemodels.core.types import Recording
from aemodels.io.files.atomic import atomic_path
from aemodels.io.segy.binary_header import BINARY_END
from aemodels.io.segy.layout import IBM, IEEE

Revision: TypeAlias = Literal[0, 1, 2]

CODES = {"ieee": IEEE, "ibm": IBM}
MAX_INT16 = 32767
MAX_SAMPLES = {0: MAX_INT16, 1: MAX_INT16, 2: 2**16 - 1}  # 16 bits in the trace header, unsigned since revision 2
CLOSING = {0: ("", "END EBCDIC"), 1: ("SEG Y REV1", "END TEXTUAL HEADER"), 2: ("SEG-Y REV2.0", "END TEXTUAL HEADER")}


def write_segy(
    recording: Recording,
    path: Path,
    *,
    sample_format: Literal["ieee", "ibm"] = "ieee",
    revision: Revision = 1,
) -> None:
    """Write a recording of kind "seismic" as a SEG-Y file.

    Trace headers: inline, crossline, cdp_x, cdp_y (with a scalar), offset, sample count and interval, delay.

    Args:
        recording: the line; missing header fields of its channels are written as 0.
        path: the file to write, atomically.
        sample_format: 4-byte IEEE floats (exact) or IBM floats (rounded to 21-24 bits).
        revision: 0 (1975; lines and coordinates at the positions of revision 1), 1 (2002) or 2 (2017), which allows
            fractions of a microsecond in the sample interval, and up to 65535 samples per trace.

    Raises:
        DataError: if the recording is not seismic, its axis is irregular or does not fit the headers, or it has NaN
            that IBM floats cannot represent.

    References:
        SEG-Y revision 2.0 (SEG Technical Standards Committee, 2017), table 2.
    """
    interval, delay = _timing(recording, revision)
    if sample_format == "ibm" and np.isnan(recording.values).any():
        raise DataError(f"{recording.source.uri}: NaN cannot be written as an IBM float; write IEEE, or fill the gaps")
    with atomic_path(path) as temporary:
        _write_traces(recording, temporary, CODES[sample_format], interval, delay)
        with temporary.open("r+b") as stream:
            text = segyio.tools.create_text_header(_text_lines(recording, interval, revision))
            stream.write(text.encode("cp037"))
            stream.seek(0)
            head = bytearray(stream.read(BINARY_END))
            for position, kind, value in _binary_fields(recording, interval, revision):
                struct.pack_into(">" + kind, head, position - 1, value)
            stream.seek(0)
            stream.write(head)


def _write_traces(recording: Recording, path: Path, code: int, interval: float, delay: int) -> None:
    coordinates = [float(c.headers.get(key, 0.0)) for c in recording.channels for key in ("cdp_x", "cdp_y")]
    scalar = _coordinate_scalar(coordinates)
    count = recording.axis.size
    spec = segyio.spec()
    spec.format, spec.samples, spec.tracecount = code, recording.axis * 1e3, len(recording.channels)
    with segyio.create(str(path), spec) as file:
        for number, channel in enumerate(recording.channels):
            file.header[number] = _trace_header(number, channel.headers, scalar) | {
                segyio.TraceField.TRACE_SAMPLE_COUNT: count,
                segyio.TraceField.TRACE_SAMPLE_INTERVAL: round(interval),
                segyio.TraceField.DelayRecordingTime: delay,
            }
        file.trace = np.ascontiguousarray(recording.values)


def _binary_fields(recording: Recording, interval: float, revision: Revision) -> list[tuple[int, str, float]]:
    """Return (byte, struct code, value) of the binary header fields that depend on the revision."""
    fields: list[tuple[int, str, float]] = [
        (3217, "h", round(interval)),
        (3221, "H", recording.axis.size),
        (3501, "B", revision),
        (3502, "B", 0),
        (3503, "h", int(revision > 0)),  # all traces have the same length
        (3505, "h", 0),
    ]
    if revision < 2:
        return fields
    extended = [(3269, "i", recording.axis.size), (3273, "d", interval), (3297, "I", 0x01020304), (3507, "i", 0)]
    return [*fields, *extended, (3513, "Q", len(recording.channels)), (3521, "Q", BINARY_END), (3529, "i", 0)]


def _timing(recording: Recording, revision: Revision) -> tuple[float, int]:
    """Return sample interval in us and delay in ms.

    Raises:
        DataError: if the headers cannot hold them.
    """
    uri = recording.source.uri
    if recording.kind != "seismic":
        raise DataError(f"{uri}: kind is {recording.kind!r}; expected 'seismic' for a SEG-Y file")
    if not 2 <= recording.axis.size <= MAX_SAMPLES[revision]:
        limit = MAX_SAMPLES[revision]
        raise DataError(f"{uri}: {recording.axis.size} samples per trace; expected 2 to {limit} in revision {revision}")
    steps = np.diff(recording.axis) * 1e6
    interval, delay = float(np.mean(steps)), round(float(recording.axis[0]) * 1e3)
    interval = interval if revision > 1 and abs(interval - round(interval)) > 1e-6 else float(round(interval))
    if not 1 <= interval <= MAX_INT16 or np.abs(steps - interval).max() > 0.5:
        raise DataError(
            f"{uri}: sample interval is {steps.min():g}..{steps.max():g} us; "
            f"expected one whole number of us up to {MAX_INT16} (revision 2: or a fraction)"
        )
    if abs(delay) > MAX_INT16 or abs(delay - recording.axis[0] * 1e3) > 1e-3:
        raise DataError(f"{uri}: the first sample is at {recording.axis[0]} s; expected a whole number of ms")
    return interval, delay


def _coordinate_scalar(coordinates: list[float]) -> int:
    """Return the SEG-Y scalar that keeps the most decimals in 32 bits: -1000 = mm, 1 = m."""
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


def _text_lines(recording: Recording, interval: float, revision: Revision) -> dict[int, str]:
    name = re.sub(r"[^\x20-\x7e]", "?", recording.name)[:60]
    return {
        1: f"LINE {name}",
        2: f"TRACES {len(recording.channels)}  SAMPLES {recording.axis.size}  INTERVAL {interval:g} US",
        3: "BYTES 189-192 INLINE  193-196 CROSSLINE  181-188 CDP X Y  71-72 SCALAR",
        39: CLOSING[revision][0],
        40: CLOSING[revision][1],
    }
