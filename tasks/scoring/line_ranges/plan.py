"""Plan of a large line: its survey and its ranges, made once and kept with the files of the finished ranges."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aemodels.core.types import GatherKind

Span = tuple[int, int]


class LinePart(BaseModel):
    """One step of scoring a large line.

    Args:
        step: "survey" measures one part of the line, "plan" joins these and divides the line, "range" scores one
            range, "assemble" joins all of them.
        folder: of the plan and the finished ranges; on a cluster all machines need it.
        number: of the range, or of the part to survey, from 0.
        parts: number of parts in which the line is surveyed.
        traces: least number of traces per range; None = several blocks, fewer towards the end.
        temp_prefix: prefix of the names of temporary files, which identifies the worker.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: Literal["survey", "plan", "range", "assemble"]
    folder: str
    number: int = 0
    parts: int = 1
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


def plan_path(folder: Path) -> Path:
    """Return the path of the plan in the folder of a line."""
    return folder / "plan.json"


def read_plan(folder: Path) -> LinePlan:
    """Return the plan of a line.

    Raises:
        OSError: if there is none.
    """
    return LinePlan.model_validate_json(plan_path(folder).read_text(encoding="utf-8"))
