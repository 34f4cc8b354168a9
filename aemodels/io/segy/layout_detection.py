"""Detection of the layout of a SEG-Y file by plausibility."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.segy.binary_header import (
    BINARY_END,
    ENDIANS,
    TEXT_BYTES,
    TRACE_HEADER,
    BinaryHeader,
    Endian,
    number_at,
    parse_binary,
    stated_order,
)
from aemodels.io.segy.file_end import without_trailing_bytes
from aemodels.io.segy.layout import (
    DOUBLE,
    FORMAT_NAMES,
    FORMATS,
    IBM,
    IEEE,
    INT8,
    INT16,
    THREE_BYTES,
    SegyLayout,
    unreadable,
)
from aemodels.io.segy.other_formats import name_of
from aemodels.io.segy.text_header import MAX_EXTENDED, count_extended
from aemodels.io.segy.trace_lengths import counts_agree, headers_repeat, variable_length

EXTENDED_COUNT = 3269  # byte of the sample count of revision 2
SIZE_CODES = (IEEE, INT16, INT8, DOUBLE)  # one format per number of bytes per sample
MAX_SAMPLES = 2**24  # per trace; longer ones are damaged counts


@dataclass(frozen=True)
class _Reading:
    """One interpretation of the headers of a file, with the findings about its assumptions."""

    layout: SegyLayout
    findings: tuple[Finding, ...] = ()


def find_layout(path: Path) -> tuple[SegyLayout, tuple[Finding, ...]]:
    """Determine the layout of a file from its headers and its size.

    The header is read in both byte orders (and with swapped pairs if it states so). If none fits the file size, the
    sample count of the trace headers, a file without extended text headers, and traces of different lengths are
    tried, and the choice is reported as a finding.

    Args:
        path: the file.

    Returns:
        (layout, findings).

    Raises:
        UnreadableFileError: if the file is too short, truncated or not a SEG-Y file.
        OSError: if it cannot be opened.
    """
    size = path.stat().st_size
    if size < BINARY_END:
        raise unreadable(
            "too-short", f"{size} bytes", "at least 3600 (text and binary header)", "get the complete file"
        )
    with path.open("rb") as stream:
        head = stream.read(BINARY_END)
    stated = stated_order(head)
    # Two-byte numbers are the same in little-endian order and in swapped pairs, so the stated order decides.
    others = [endian for endian in ENDIANS if not (stated == "pairwise" and endian == "little")]
    orders = dict.fromkeys([stated, *others] if stated else others)
    headers = [header for endian in orders if _plausible(header := parse_binary(head, endian))]
    headers.sort(key=lambda header: header.code not in FORMATS)
    for header in headers:
        for reading in _readings(path, header, size):
            if reading.layout.traces > 0:
                found = _without_text_at_end(path, reading, size)
                return found.layout, (*_byte_order(found.layout, stated), *found.findings)
    for header in headers:
        declared = _as_declared(path, header)
        ended = None if _is_implausible(declared, header, size) else without_trailing_bytes(path, declared, size)
        if ended is not None:
            return ended[0], (*_byte_order(ended[0], stated), ended[1])
    raise _no_layout([_as_declared(path, header) for header in headers], head, size)


def _without_text_at_end(path: Path, reading: _Reading, size: int) -> _Reading:
    """Return a reading without the bytes after the last trace that happen to be as long as some traces."""
    if reading.layout.starts is not None:
        return reading
    ended = without_trailing_bytes(path, reading.layout, size, exact=True)
    return reading if ended is None else _with(dataclasses.replace(reading, layout=ended[0]), ended[1])


def _plausible(header: BinaryHeader) -> bool:
    # The layout of three-byte samples in swapped pairs is not defined.
    return 0 <= header.code <= 99 and not (header.endian == "pairwise" and header.code in THREE_BYTES)


def _readings(path: Path, header: BinaryHeader, size: int) -> Iterator[_Reading]:
    """Yield interpretations of a header, the most literal first; `traces` is 0 if the size does not fit."""
    declared = _as_declared(path, header)
    literal = _fitted(declared, header, size)
    yield from _other_sample_sizes(path, literal.layout, header, size)
    if not (header.fixed_length or (literal.layout.traces and counts_agree(path, literal.layout))):
        yield _variable_length(path, header, size)
    yield literal
    if header.revision[0] >= 2:
        found = f"first trace at {header.start}, {header.extra} extra trace headers, {header.trailers} trailers"
        remedy = "the fields of revision 2 are ignored"
        doubt = Finding("warning", "revision-fields", "binary header", found, "values that fit the file size", remedy)
        older = dataclasses.replace(header, start=0, extra=0, trailers=0, traces=0)
        yield _with(_fitted(_as_declared(path, older), older, size), doubt)
    if header.extended:
        found, remedy = f"{header.extended} extended text headers", "read as none; correct bytes 3505-3506"
        doubt = Finding("warning", "extended-headers", "binary header", found, "values that fit the file size", remedy)
        without = dataclasses.replace(declared, offset=BINARY_END, extended=0)
        yield _with(_fitted(without, dataclasses.replace(header, extended=0), size), doubt)
    for count, where in _counts_in_traces(path, declared, size):
        found = f"{header.samples} samples in the binary header, {count} {where}"
        remedy = f"{count} are used, which fits the file size; correct bytes 3221-3222"
        doubt = Finding("warning", "sample-count-conflict", "binary header", found, "one sample count", remedy)
        yield _with(_fitted(dataclasses.replace(declared, samples=count), header, size), doubt)
    if header.fixed_length:
        yield _variable_length(path, header, size)
    yield _variable_length(path, header, size, empty=True)


def _other_sample_sizes(path: Path, literal: SegyLayout, header: BinaryHeader, size: int) -> Iterator[_Reading]:
    """Yield layouts whose samples have another size than the format code says.

    The trace headers show it: they repeat the sample count and the interval only where a trace really begins.
    """
    if _is_implausible(literal, header, size) or headers_repeat(path, literal):
        return
    for code in SIZE_CODES:
        reading = _fitted(dataclasses.replace(literal, code=code, traces=0), header, size)
        same = reading.layout.sample_dtype.itemsize == literal.sample_dtype.itemsize
        if same or not headers_repeat(path, reading.layout):
            continue
        found = f"sample format {header.code} ({FORMAT_NAMES.get(header.code, 'unknown')})"
        expected = f"{reading.layout.sample_dtype.itemsize} bytes per sample, by the places of the trace headers"
        remedy = "read with samples of this size; correct bytes 3225-3226"
        yield _with(reading, Finding("warning", "format-mislabelled", "binary header", found, expected, remedy))


def _variable_length(path: Path, header: BinaryHeader, size: int, *, empty: bool = False) -> _Reading:
    """Return the layout with traces of different lengths; `traces` is 0 if they do not end at the file end."""
    layout = _as_declared(path, header)
    if _is_implausible(layout, header, size):
        return _Reading(layout)
    end, declared = size - TEXT_BYTES * max(header.trailers, 0), not header.fixed_length
    found = variable_length(path, layout, end, declared=declared, empty=empty)
    return _Reading(layout) if found is None else _Reading(*found)


def _with(reading: _Reading, finding: Finding) -> _Reading:
    return dataclasses.replace(reading, findings=(finding, *reading.findings))


def _as_declared(path: Path, header: BinaryHeader) -> SegyLayout:
    """Return the layout declared by the header, without counting traces."""
    extended = header.extended if 0 <= header.extended <= MAX_EXTENDED else 0
    if header.extended == -1:
        extended = count_extended(path) or 0
    return SegyLayout(
        header.endian,
        header.code,
        header.code if header.code in FORMATS else IBM,  # all candidates have four bytes per sample; the samples decide
        header.samples,
        0,
        header.start if header.start >= BINARY_END else BINARY_END + TEXT_BYTES * extended,
        TRACE_HEADER * (1 + header.extra) if 0 < header.extra < 1000 else TRACE_HEADER,
        header.revision,
        header.interval,
        extended,
    )


def _fitted(layout: SegyLayout, header: BinaryHeader, size: int) -> _Reading:
    """Return the layout with the number of traces; 0 unless they fill the file exactly."""
    if layout.samples < 1 or _is_implausible(layout, header, size):
        return _Reading(layout)
    end = size - TEXT_BYTES * max(header.trailers, 0)
    if header.trailers == -1 and 0 < header.traces < size:
        declared = layout.offset + header.traces * layout.trace_bytes
        end = declared if declared <= size and (size - declared) % TEXT_BYTES == 0 else end
    traces, rest = divmod(end - layout.offset, layout.trace_bytes)
    if rest or traces < 1:
        return _Reading(layout)
    layout = dataclasses.replace(layout, traces=traces)
    if header.traces in (0, traces):
        return _Reading(layout)
    remedy = "the existing traces are read; get the complete file if it was truncated"
    found = f"{traces} traces"
    finding = Finding(
        "warning", "trace-count-conflict", "file", found, f"{header.traces} as in the binary header", remedy
    )
    return _Reading(layout, (finding,))


def _is_implausible(layout: SegyLayout, header: BinaryHeader, size: int) -> bool:
    """Return True if the first trace cannot be at the declared offset."""
    texts = not -1 <= header.extended <= MAX_EXTENDED or (header.extended == -1 and not layout.extended)
    return layout.offset > size or (texts and not header.start)


def _counts_in_traces(path: Path, layout: SegyLayout, size: int) -> Iterator[tuple[int, str]]:
    """Yield sample counts on which the first two trace headers agree, and where they state them.

    After the usual bytes come those of PASSCAL, of revision 2 in files of an earlier one, and counts that overflow 16
    bits.
    """
    first = _trace_header(path, layout.offset, size)
    if len(first) < TRACE_HEADER:
        return
    count, interval = (int(number_at(first, place, "H", layout.endian)) for place in (115, 117))
    long_count = int(number_at(first, 229, "i", layout.endian))
    low = count or layout.samples
    overflowed = range(low + 2**16, min(size // layout.sample_dtype.itemsize, MAX_SAMPLES), 2**16)
    with path.open("rb") as stream:
        extended = int(number_at(stream.read(BINARY_END), EXTENDED_COUNT, "i", layout.endian))
    candidates = [(count, 115, "H"), (long_count, 229, "i"), (extended, EXTENDED_COUNT, "")]
    candidates += [(total, 0, "") for total in overflowed]
    for number, place, kind in candidates:
        wide = dataclasses.replace(layout, samples=number)
        if number < 1 or number == layout.samples or (size - layout.offset) % wide.trace_bytes:
            continue
        second = _trace_header(path, layout.offset + wide.trace_bytes, size)
        if second and kind and number_at(second, place, kind, layout.endian) != number:
            continue
        if kind:
            yield number, "in the trace headers" if place == 115 else f"in bytes {place}-{place + 3} of the traces"
        elif second and [number_at(second, at, "H", layout.endian) for at in (115, 117)] == [count, interval]:
            overflow = f"by the size of the file: more than 16 bits hold, of which {low} is the rest"
            yield number, overflow if not place else f"in bytes {place}-{place + 3} of the binary header (revision 2)"


def _trace_header(path: Path, offset: int, size: int) -> bytes:
    """Return a trace header; empty beyond the end of the file, as with damaged counts."""
    if offset + TRACE_HEADER > size:
        return b""
    with path.open("rb") as stream:
        stream.seek(offset)
        return stream.read(TRACE_HEADER)


def _byte_order(layout: SegyLayout, stated: Endian | None) -> Iterator[Finding]:
    if layout.endian != "big":
        found = {"little": "little-endian", "pairwise": "pairwise byte-swapped"}[layout.endian]
        code = {"little": "little-endian", "pairwise": "byte-swapped"}[layout.endian]
        yield Finding("info", code, "file", f"{found} headers", "big-endian", f"read as {found}")
    if stated and stated != layout.endian:
        found = f"bytes 3297-3300 say {stated}, the other headers are {layout.endian}"
        remedy = f"read as {layout.endian}; correct bytes 3297-3300"
        yield Finding("warning", "byte-order-conflict", "binary header", found, "one byte order", remedy)


def _no_layout(layouts: list[SegyLayout], head: bytes, size: int) -> UnreadableFileError:
    """Return the error that explains why no layout fits."""
    usable = [layout for layout in layouts if layout.samples > 0 and layout.declared_code in FORMATS]
    if size == BINARY_END or (usable and size == usable[0].offset):
        return unreadable("header-only", "headers without traces", "at least one trace", "get the complete file")
    if usable:
        layout = usable[0]
        whole, rest = divmod(max(size - layout.offset, 0), layout.trace_bytes)
        found = f"{size - layout.offset} bytes of traces: {whole} complete ones and {rest} bytes"
        expected = f"a multiple of {layout.trace_bytes} bytes ({layout.samples} samples of {FORMAT_NAMES[layout.code]})"
        return unreadable(
            "truncated", found, expected, "get the complete file, or correct the sample count in the binary header"
        )
    named = name_of(head, size)
    if named is not None:
        return unreadable("not-segy", named[0], "a SEG-Y file", named[1])
    codes = [struct.unpack_from(order + "h", head, 3224)[0] for order in "><"]
    if stated_order(head) == "pairwise" and codes[1] in THREE_BYTES:
        return unreadable(
            "unsupported-format",
            f"sample format {codes[1]} ({FORMAT_NAMES[codes[1]]}) in swapped pairs of bytes",
            "a format of an even number of bytes",
            "export the file in big-endian order",
        )
    samples, extended = (struct.unpack_from(">h", head, position)[0] for position in (3220, 3504))
    found = f"sample format {codes[0]}, {samples} samples per trace, {extended} extended headers"
    return unreadable("not-segy", found, f"format {_known()}; samples > 0; extended >= 0", "check what the file is")


def _known() -> str:
    return ", ".join(f"{code} ({name})" for code, name in FORMAT_NAMES.items())
