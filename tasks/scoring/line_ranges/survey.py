"""Survey of a large line, and its division into ranges."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.large_lines import block_spans, traces_per_block
from aemodels.bundle.line_survey import LineSurvey, measure_blocks, survey_of_parts
from aemodels.core.findings import Finding
from aemodels.core.types import IntArray, LineNoise, Recording
from aemodels.io.files.atomic import atomic_path
from aemodels.io.segy.line_numbers import LineLengths
from aemodels.io.segy.read_plan import SegyPlan, plan_segy
from aemodels.io.segy.reader import read_some_blocks
from aemodels.io.segy.trace_headers import spans
from tasks.scoring.line_ranges.measures import measures_path, read_measures, write_measures
from tasks.scoring.line_ranges.plan import LinePart, LinePlan, Span, plan_path, read_plan
from tasks.scoring.outbox_large_lines import LargeLine

RANGE_BLOCKS = 8  # blocks in a range of default size, 48 MB: half a minute of work, which is what a lost worker costs


def survey_of(plan: LinePlan) -> LineSurvey:
    """Return the survey of a plan, as from `survey_line`."""
    peak = float("inf") if plan.peak is None else plan.peak
    findings = tuple(Finding(**finding) for finding in plan.findings)  # type: ignore[arg-type]
    noise = LineNoise(*plan.noise)
    return LineSurvey(plan.traces, plan.samples, plan.amplitude, peak, noise, plan.gather, findings)


def survey_part(line: LargeLine, part: LinePart) -> int:
    """Measure one part of a line and keep what its survey is made of; a part that is finished is left as it is.

    Args:
        line: the file, not packed.
        part: folder, number of the part and number of parts.

    Returns:
        The number of its traces.

    Raises:
        UnreadableFileError: if the file is not a readable SEG-Y file.
    """
    folder = Path(part.folder)
    if plan_path(folder).exists():
        return 0
    path = measures_path(folder, part)
    if path.exists():
        return read_measures(path)[0].live.size
    segy = plan_segy(line.local, line.positions, line.source)
    blocks = list(spans(segy.layout, traces_per_block(segy.layout.samples)))
    start, stop = (number * len(blocks) // part.parts for number in (part.number, part.number + 1))
    if start == stop:
        return 0
    words: list[IntArray] = []

    def recordings() -> Iterator[Recording]:
        for block, found in read_some_blocks(segy, blocks[start:stop]):
            words.append(found)
            yield block

    measures = measure_blocks(recordings())
    write_measures(path, measures, np.concatenate(words, axis=1), part.temp_prefix)
    return measures.live.size


def plan_line(line: LargeLine, bundle: Bundle, part: LinePart) -> LinePlan:
    """Divide a line into ranges, with its survey; a plan that is there already is returned.

    Parts that are not surveyed yet are so now.

    Args:
        line: the file, not packed.
        bundle: of kind "seismic".
        part: folder, number of surveyed parts, and number of traces per range.

    Raises:
        DataError: if the bundle cannot score a line in blocks.
        UnreadableFileError: if the file is not a readable SEG-Y file.
    """
    folder = Path(part.folder)
    if plan_path(folder).exists():
        return read_plan(folder)
    segy = plan_segy(line.local, line.positions, line.source)
    size = traces_per_block(segy.layout.samples)
    blocks = block_spans(segy, bundle, size if part.traces is None else min(size, part.traces))
    survey = _joined_survey(line, segy, part)
    plan = LinePlan(
        traces=survey.traces,
        samples=survey.samples,
        amplitude=survey.amplitude,
        peak=None if survey.peak == float("inf") else survey.peak,
        noise=dataclasses.astuple(survey.noise),
        gather=survey.gather,
        findings=tuple(finding.to_dict() for finding in survey.findings),
        ranges=divide(blocks, part.traces),
    )
    with atomic_path(plan_path(folder), part.temp_prefix) as temporary:
        temporary.write_text(plan.model_dump_json(), encoding="utf-8")
    return plan


def _joined_survey(line: LargeLine, segy: SegyPlan, part: LinePart) -> LineSurvey:
    """Return the survey of a line from those of its parts."""
    lengths, done, measures = LineLengths(segy.positions), 0, []
    for number in range(part.parts):
        each = part.model_copy(update={"number": number})
        path = measures_path(Path(part.folder), each)
        if not path.exists() and not survey_part(line, each):
            continue  # a part without traces
        found, words = read_measures(path)
        lengths.add_words(words, done)
        done += found.live.size
        measures.append(found)
    return survey_of_parts(measures, lengths.findings())


def divide(blocks: Sequence[Span], traces: int | None) -> tuple[tuple[Span, ...], ...]:
    """Return groups of neighbouring blocks, of at least so many traces.

    By default they get smaller towards the end, so that all workers of a few end at about the same time: a group is a
    quarter of what is left, and RANGE_BLOCKS at most.
    """
    if traces is not None:
        per_block = blocks[0][1] - blocks[0][0]
        count = max(1, -(-traces // per_block))
        return tuple(tuple(blocks[start : start + count]) for start in range(0, len(blocks), count))
    groups, start = [], 0
    while start < len(blocks):
        count = max(1, min(RANGE_BLOCKS, (len(blocks) - start) // 4))
        groups.append(tuple(blocks[start : start + count]))
        start += count
    return tuple(groups)
