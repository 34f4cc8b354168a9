"""Plan of a large line: its survey and its ranges, made once and kept with the files of the finished ranges."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.large_lines import LineSurvey, block_spans, traces_per_block
from aemodels.core.findings import Finding
from aemodels.core.types import GatherKind, LineNoise
from aemodels.io.files.atomic import atomic_path
from aemodels.io.segy.read_plan import plan_segy
from tasks.scoring.outbox_large_lines import LargeLine, survey_plain

RANGE_BLOCKS = 8  # blocks in a range of default size, 48 MB: half a minute of work, which is what a lost worker costs
Span = tuple[int, int]


class LinePart(BaseModel):
    """One step of scoring a large line.

    Args:
        step: "plan" surveys the line, "range" scores one range, "assemble" joins all of them.
        folder: of the plan and the finished ranges; on a cluster all machines need it.
        number: of the range, from 0.
        traces: least number of traces per range; None = several blocks.
        temp_prefix: prefix of the names of temporary files, which identifies the worker.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: Literal["plan", "range", "assemble"]
    folder: str
    number: int = 0
    traces: int | None = None
    temp_prefix: str = ""


class LinePlan(BaseModel):
    """Survey of a line, and its ranges, each of which is a list of blocks (first trace, exclusive end)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    traces: int
    samples: int
    amplitude: float
    peak: float | None = Field(description="None = infinite, too few live traces")
    noise: tuple[float, float]
    gather: GatherKind
    findings: tuple[dict[str, str], ...]
    ranges: tuple[tuple[Span, ...], ...]

    @property
    def survey(self) -> LineSurvey:
        """The survey, as from `survey_line`."""
        peak = float("inf") if self.peak is None else self.peak
        findings = tuple(Finding(**finding) for finding in self.findings)  # type: ignore[arg-type]
        noise = LineNoise(*self.noise)
        return LineSurvey(self.traces, self.samples, self.amplitude, peak, noise, self.gather, findings)


def plan_path(folder: Path) -> Path:
    """Return the path of the plan in the folder of a line."""
    return folder / "plan.json"


def read_plan(folder: Path) -> LinePlan:
    """Return the plan of a line.

    Raises:
        OSError: if there is none.
    """
    return LinePlan.model_validate_json(plan_path(folder).read_text(encoding="utf-8"))


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
