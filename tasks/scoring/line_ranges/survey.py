"""Survey of a large line, and its division into ranges."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.large_lines import LineSurvey, block_spans, traces_per_block
from aemodels.core.findings import Finding
from aemodels.core.types import LineNoise
from aemodels.io.files.atomic import atomic_path
from aemodels.io.segy.read_plan import plan_segy
from tasks.scoring.line_ranges.plan import LinePart, LinePlan, Span, plan_path, read_plan
from tasks.scoring.outbox_large_lines import LargeLine, survey_plain

RANGE_BLOCKS = 8  # blocks in a range of default size, 48 MB: half a minute of work, which is what a lost worker costs


def survey_of(plan: LinePlan) -> LineSurvey:
    """Return the survey of a plan, as from `survey_line`."""
    peak = float("inf") if plan.peak is None else plan.peak
    findings = tuple(Finding(**finding) for finding in plan.findings)  # type: ignore[arg-type]
    noise = LineNoise(*plan.noise)
    return LineSurvey(plan.traces, plan.samples, plan.amplitude, peak, noise, plan.gather, findings)


def plan_line(line: LargeLine, bundle: Bundle, part: LinePart) -> LinePlan:
    """Survey a line and divide it into ranges; a plan that is there already is returned.

    Args:
        line: the file, not packed.
        bundle: of kind "seismic".
        part: folder, and number of traces per range.

    Raises:
        DataError: if the bundle cannot score a line in blocks.
        UnreadableFileError: if the file is not a readable SEG-Y file.
    """
    folder = Path(part.folder)
    if plan_path(folder).exists():
        return read_plan(folder)
    size = traces_per_block(plan_segy(line.local, line.positions).layout.samples)
    blocks = block_spans(
        line.local, bundle, positions=line.positions, traces=size if part.traces is None else min(size, part.traces)
    )
    survey = survey_plain(line.local, line.positions)
    plan = LinePlan(
        traces=survey.traces,
        samples=survey.samples,
        amplitude=survey.amplitude,
        peak=None if survey.peak == float("inf") else survey.peak,
        noise=dataclasses.astuple(survey.noise),
        gather=survey.gather,
        findings=tuple(finding.to_dict() for finding in survey.findings),
        ranges=_ranges(blocks, part.traces),
    )
    with atomic_path(plan_path(folder), part.temp_prefix) as temporary:
        temporary.write_text(plan.model_dump_json(), encoding="utf-8")
    return plan


def _ranges(blocks: Sequence[Span], traces: int | None) -> tuple[tuple[Span, ...], ...]:
    """Return groups of neighbouring blocks, of at least so many traces."""
    per_block = blocks[0][1] - blocks[0][0]
    count = RANGE_BLOCKS if traces is None else max(1, -(-traces // per_block))
    return tuple(tuple(blocks[start : start + count]) for start in range(0, len(blocks), count))
