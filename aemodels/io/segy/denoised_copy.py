"""Copies of a SEG-Y file with new samples."""

from __future__ import annotations

import hashlib
import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.types import FloatArray, Recording, Scores
from aemodels.io.added_curves import copy_differs
from aemodels.io.files.atomic import atomic_path
from aemodels.io.segy.binary_header import TEXT_BYTES
from aemodels.io.segy.layout import FIXED_GAIN, INVERSE_GAIN, SegyLayout
from aemodels.io.segy.layout_detection import find_layout
from aemodels.io.segy.sample_format import settle_format
from aemodels.io.segy.samples import encode_samples, read_values
from aemodels.io.segy.text_header import read_text_header, text_codec
from aemodels.io.segy.trace_headers import block_traces, spans

INTEGER_RANGES = {2: (-(2**31), 2**31 - 1), 3: (-(2**15), 2**15 - 1), 7: (-(2**23), 2**23 - 1), 8: (-128, 127)} | {
    9: (-(2**63), 2**63 - 1),
    10: (0, 2**32 - 1),
    11: (0, 2**16 - 1),
    12: (0, 2**64 - 1),
    15: (0, 2**24 - 1),
    16: (0, 255),
    FIXED_GAIN: (-np.inf, np.inf),
    INVERSE_GAIN: (-(2**15), 2**15 - 1),
}
ROUNDING = 2.0**-14  # relative; the coarsest format (fixed point with gain) has 15 bits


def write_scored_segy(source: Path, target: Path, recording: Recording, scores: Scores, history: str) -> None:
    """Copy a SEG-Y file with the denoised samples of its scores: see `write_denoised_segy`.

    Args:
        source: the source file; it is not changed.
        target: the file to write, atomically.
        recording: the source as `read_segy` gives it.
        scores: of the recording.
        history: what was done, plain ASCII.

    Raises:
        DataError: if the scores do not fit the file.
        UnreadableFileError: if the source is not a readable SEG-Y file.
    """
    del recording  # the samples' places are those of the file
    write_denoised_segy(source, target, scores.denoised, history)


def write_denoised_segy(source: Path, target: Path, values: FloatArray, history: str) -> tuple[Finding, ...]:
    """Copy a SEG-Y file with new samples, the same format and headers, and a history in the text header.

    A sample whose new value is NaN, or equals the value read, keeps its bytes.

    Args:
        source: the source file; it is not changed.
        target: the file to write, atomically.
        values: float32[trace, sample], in the order of `read_segy`; NaN = keep the original.
        history: text of the history, plain ASCII; written to unused lines of the text header.

    Returns:
        A finding if the text header has too few unused lines for the history.

    Raises:
        DataError: if the shape does not match the file.
        UnreadableFileError: if the source is not a readable SEG-Y file.
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
    """Copy a SEG-Y file with new samples block by block, in constant memory.

    Args:
        source: the source file; it is not changed.
        target: the file to write, atomically.
        blocks: float32[trace, sample] per block of consecutive traces, in order, covering all traces; NaN = keep
            the original.
        history: as for `write_denoised_segy`.

    Returns:
        A finding if the text header has too few unused lines for the history.

    Raises:
        DataError: if the blocks do not match the file.
        UnreadableFileError: if the source is not a readable SEG-Y file, or the copy does not read back as written.
    """
    return write_encoded_copy(source, target, encode_blocks(source, blocks), history)


def encode_blocks(source: Path, blocks: Iterable[FloatArray], first: int = 0) -> Iterator[bytes]:
    """Encode new samples as the bytes of the traces of a copy, headers included.

    Args:
        source: the source file; it is not changed.
        blocks: float32[trace, sample] per block of consecutive traces, in order; NaN = keep the original.
        first: trace of the file with which the first block begins.

    Yields:
        The bytes of each block.

    Raises:
        DataError: if the blocks do not match the file.
        UnreadableFileError: if the source is not a readable SEG-Y file, or samples do not decode as given.
    """
    layout = _layout_of(source)
    for values in blocks:
        traces = _replaced(source, layout, values, first)
        _check_encoding(layout, traces, values, first)
        yield layout.to_bytes(traces, first)
        first += len(values)


def write_encoded_copy(source: Path, target: Path, pieces: Iterable[bytes], history: str) -> tuple[Finding, ...]:
    """Copy a SEG-Y file with other traces, the same headers, and a history in the text header.

    Args:
        source: the source file; it is not changed.
        target: the file to write, atomically.
        pieces: bytes of all traces in order, from `encode_blocks`, cut anywhere.
        history: as for `write_denoised_segy`.

    Returns:
        A finding if the text header has too few unused lines for the history.

    Raises:
        DataError: if the pieces are not as long as the traces of the file.
        UnreadableFileError: if the source is not a readable SEG-Y file, or the copy does not read back as written.
    """
    layout = _layout_of(source)
    header, findings = add_history(source, history)
    expected = layout.byte_offset(layout.traces) - layout.byte_offset(0)
    with atomic_path(target) as temporary:
        done, written = 0, hashlib.sha256()
        with source.open("rb") as original, temporary.open("wb") as stream:
            stream.write(header)
            original.seek(len(header))
            stream.write(original.read(layout.byte_offset(0) - len(header)))
            for data in pieces:
                written.update(data)
                stream.write(data)
                done += len(data)
            original.seek(layout.byte_offset(layout.traces))
            shutil.copyfileobj(original, stream)  # what follows the traces
        if done != expected:
            raise DataError(f"{source}: {done} bytes of new traces; expected {expected} for {layout.traces} traces")
        _check_copy(temporary, layout, written.hexdigest())
    return findings


def _layout_of(source: Path) -> SegyLayout:
    layout, _ = find_layout(source)
    return settle_format(source, layout)[0]


def _check_encoding(layout: SegyLayout, traces: NDArray[np.void], values: FloatArray, first: int) -> None:
    """Decode stored samples again: they are the new ones, but for the rounding and the range of the format.

    Raises:
        UnreadableFileError: if they are not.
    """
    stored, given = read_values(layout, traces, first), np.isfinite(values)
    low, high = INTEGER_RANGES.get(layout.code, (-np.inf, np.inf))
    with np.errstate(invalid="ignore"):
        off = np.abs(stored - np.clip(values, low, high)) > 0.5 * (layout.code in INTEGER_RANGES) + ROUNDING * np.abs(
            values
        )
    wrong = given & (off | np.isnan(stored))
    if wrong.any():
        trace, sample = (int(place[0]) for place in np.nonzero(wrong))
        found = f"{stored[trace, sample]:g} where {values[trace, sample]:g} was written"
        raise copy_differs(f"trace {first + trace}", found)


def _check_copy(copy: Path, layout: SegyLayout, written: str) -> None:
    """Read a copy again: the same layout, format and bytes of traces.

    Raises:
        UnreadableFileError: if the copy reads as something else.
    """
    found, _ = settle_format(copy, find_layout(copy)[0])
    if found != layout:
        raise copy_differs("file", f"{found} instead of {layout}")
    read = hashlib.sha256()
    for start, stop in spans(found, block_traces(found)):
        read.update(found.to_bytes(found.read_traces(copy, start, stop), start))
    if read.hexdigest() != written:
        raise copy_differs("samples", "other traces than those that were written")


def _replaced(source: Path, layout: SegyLayout, values: FloatArray, first: int) -> NDArray[np.void]:
    """Return traces as stored, with changed samples replaced."""
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
    """Return the text header of a file with a history in its unused lines.

    Args:
        source: the file.
        history: any text; characters outside the common set of EBCDIC and ASCII become "?".

    Returns:
        (3200 bytes in the encoding of the file, findings).
    """
    with source.open("rb") as stream:
        header = bytearray(stream.read(TEXT_BYTES))
    codec = text_codec(bytes(header))
    text = read_text_header(source)
    lines = [text[start : start + 80] for start in range(0, TEXT_BYTES, 80)]
    used = [number for number, line in enumerate(lines) if not _is_free(line)]
    # Lines after the last one in use come first, so that the history is in order.
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
    """Return the lines in use without lines 39 and 40 ("SEG Y REV1", "END TEXTUAL HEADER")."""
    return [number for number in used if number < 38]


def _is_free(line: str) -> bool:
    """Return True if a line of the text header is empty except for its number."""
    return re.fullmatch(r"(C\s*\d{0,2})?[\s\x00]*", line) is not None
