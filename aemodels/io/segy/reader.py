"""SEG-Y reader: each trace of a file becomes a channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, Channel, FloatArray, IntArray, Recording, Source
from aemodels.io.segy.checks import check_block
from aemodels.io.segy.header_positions import HeaderPositions
from aemodels.io.segy.line_numbers import LineLengths, run_words
from aemodels.io.segy.read_plan import SegyPlan, plan_segy
from aemodels.io.segy.samples import read_values, undefined_samples
from aemodels.io.segy.text_header import read_text_headers, text_codec
from aemodels.io.segy.trace_headers import HeaderTable, block_traces, excluded_kinds, headers_of, spans


def read_segy(path: Path, positions: HeaderPositions | None = None) -> Recording:
    """Read a SEG-Y file of any revision, byte order, sample format and geometry.

    Args:
        path: the file.
        positions: byte positions of inline, crossline and coordinates in the trace headers; None = the standard
            ones, or older ones if these are empty (reported as a finding).

    Returns:
        A recording of kind "seismic" with one channel per trace, dead ones included. Findings report doubtful values.

    Raises:
        UnreadableFileError: if the file is truncated, has no traces or is not a SEG-Y file.
        OSError: if it cannot be opened.
    """
    plan = plan_segy(path, positions)
    layout = plan.layout
    values = np.empty((layout.traces, layout.samples), dtype=np.float32)
    parts = []
    for start, stop in spans(layout, block_traces(layout)):
        traces = layout.read_traces(path, start, stop)
        values[start:stop] = read_values(layout, traces, start)
        parts.append(headers_of(traces, layout).raw)
    headers = HeaderTable(np.concatenate(parts), layout.header_endian or layout.endian, plan.floats)
    undefined = undefined_samples(layout, values)
    values = with_missing(plan, headers, values, undefined)
    lines = LineLengths(plan.positions)
    lines.add(headers, 0)
    findings = (*plan.findings, *check_block(plan, headers, values, 0, undefined), *lines.findings())
    return _recording(plan, headers, values, 0, findings)


def read_segy_blocks(
    path: Path, *, traces: int, positions: HeaderPositions | None = None, source: Source | None = None
) -> Iterator[Recording]:
    """Read a SEG-Y file block by block, in constant memory.

    Args:
        path: the file.
        traces: traces per block; the last block may have fewer.
        positions: as for `read_segy`.
        source: as for `plan_segy`.

    Yields:
        Recordings of consecutive traces, numbered as in the file, on the same axis. The first has the findings about
        the file, each one those about its traces, and the last those that depend on all traces.

    Raises:
        DataError: if `traces` is not positive.
        UnreadableFileError: if the file is truncated, has no traces or is not a SEG-Y file.
        OSError: if it cannot be opened.
    """
    if traces < 1:
        raise DataError(f"traces is {traces}; expected at least 1 trace per block")
    plan = plan_segy(path, positions, source)
    lines = LineLengths(plan.positions)
    for block, words in read_some_blocks(plan, spans(plan.layout, traces)):
        first = block.channels[0].headers["trace"]
        lines.add_words(words, first)
        at_end = lines.findings() if first + len(block.channels) == plan.layout.traces else ()
        yield replace(block, findings=(*block.findings, *at_end))


def read_some_blocks(plan: SegyPlan, blocks: Iterable[tuple[int, int]]) -> Iterator[tuple[Recording, IntArray]]:
    """Read some blocks of a file, as `read_segy_blocks` does, but without the findings that depend on all traces.

    Args:
        plan: read plan of the file.
        blocks: first trace and exclusive end of each.

    Yields:
        Recordings, and the words of their headers from which `LineLengths` makes those findings.
    """
    for start, stop in blocks:
        stored = plan.layout.read_traces(plan.path, start, stop)
        headers = headers_of(stored, plan.layout, plan.floats)
        values = read_values(plan.layout, stored, start)
        undefined = undefined_samples(plan.layout, values)
        values = with_missing(plan, headers, values, undefined)
        found = check_block(plan, headers, values, start, undefined)
        findings = (*(() if start else plan.findings), *found)
        yield _recording(plan, headers, values, start, findings), run_words(headers, plan.positions)


def read_span(plan: SegyPlan, start: int, stop: int) -> Recording:
    """Read consecutive traces of a file, numbered as in the file, without findings.

    Args:
        plan: read plan of the file.
        start: first trace.
        stop: exclusive end.
    """
    stored = plan.layout.read_traces(plan.path, start, stop)
    headers = headers_of(stored, plan.layout, plan.floats)
    values = read_values(plan.layout, stored, start)
    values = with_missing(plan, headers, values, undefined_samples(plan.layout, values))
    return _recording(plan, headers, values, start, ())


def with_missing(plan: SegyPlan, headers: HeaderTable, values: FloatArray, undefined: BoolArray | None) -> FloatArray:
    """Return samples with NaN where undefined, and in traces that the headers name dead or auxiliary."""
    if undefined is not None:
        values[undefined] = np.nan
    if plan.excluded:
        values[excluded_kinds(headers)] = np.nan
    return values


def _recording(
    plan: SegyPlan, headers: HeaderTable, values: FloatArray, first: int, findings: tuple[Finding, ...]
) -> Recording:
    layout = plan.layout
    with plan.path.open("rb") as stream:
        codec = text_codec(stream.read(3200))
    texts = read_text_headers(plan.path, layout.extended)
    return Recording(
        values=values,
        axis=plan.axis,
        channels=_channels(plan, headers, first),
        kind="seismic",
        source=plan.source,
        name=plan.path.stem,
        headers={
            "format": layout.declared_code,
            "endian": layout.endian,
            "revision": ".".join(map(str, layout.revision)),
            "text": texts[0],
            "text_codec": codec,
            "extended_texts": texts[1:],
            "positions": plan.positions.model_dump(),
        },
        findings=findings,
    )


def _channels(plan: SegyPlan, headers: HeaderTable, first: int) -> tuple[Channel, ...]:
    positions = plan.positions
    columns: dict[str, list[Any]] = {
        "trace": list(range(first, first + len(headers.raw))),
        "inline": headers.word(positions.inline).tolist(),
        "crossline": headers.word(positions.crossline).tolist(),
        "cdp_x": headers.coordinate(positions.cdp_x).tolist(),
        "cdp_y": headers.coordinate(positions.cdp_y).tolist(),
        "offset": headers.column("offset").tolist(),
    }
    counts = plan.layout.counts(first, first + len(headers.raw))
    if counts is not None:
        columns["samples"] = counts.tolist()
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return tuple(Channel(f"trace {row['trace']}", "amplitude", row) for row in rows)
