"""Prefect tasks of scoring large lines by ranges of traces."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.lines import large_line
from tasks.lines.drain import drain, step_told
from tasks.lines.large_line import LineStep, OpenLine
from tasks.scoring.places.inbox import Arrival
from tasks.scoring.request import FileOutcome, FilledRequest, ScoringResult
from tasks.settings import Settings

__all__ = ["LineStep", "OpenLine", "close_line", "drain", "line_step", "open_line"]


@task(name="open-line", cache_policy=NO_CACHE)
def open_line(arrival: Arrival, request: FilledRequest, settings: Settings) -> OpenLine | FileOutcome:
    """Claim a large line."""
    return large_line.open_line(arrival, request, settings)


@task(name="line-step", task_run_name="{item.step}-{item.number}", cache_policy=NO_CACHE)
def line_step(item: LineStep, request: FilledRequest, settings: Settings, run: str) -> ScoringResult:
    """Plan a large line, score one of its ranges, or assemble them, on a worker."""
    told, result = step_told(item, request, settings, run)
    get_run_logger().info(told)
    return result


@task(name="close-line", cache_policy=NO_CACHE)
def close_line(line: OpenLine, request: FilledRequest, settings: Settings) -> FileOutcome:
    """Publish a large line."""
    return large_line.close_line(line, request, settings)
