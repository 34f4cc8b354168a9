"""Prefect tasks of scoring large lines by ranges of traces."""

from __future__ import annotations

import time

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.dask_worker import worker_name
from tasks.lines import large_line
from tasks.lines.large_line import STEPS, LineStep, OpenLine, advance, next_steps, split_lines
from tasks.scoring.file import ScoringResult
from tasks.scoring.places.inbox import Arrival
from tasks.scoring.request import FileOutcome, FilledRequest
from tasks.scoring.score import KEEP_SECONDS
from tasks.scoring.worker_session import Keep
from tasks.settings import Settings

__all__ = ["STEPS", "OpenLine", "advance", "close_line", "line_step", "next_steps", "open_line", "split_lines"]


@task(name="open-line", cache_policy=NO_CACHE)
def open_line(arrival: Arrival, request: FilledRequest, settings: Settings) -> OpenLine | FileOutcome:
    """Claim a large line."""
    return large_line.open_line(arrival, request, settings)


@task(name="line-step", task_run_name="{item.step}-{item.number}", cache_policy=NO_CACHE)
def line_step(item: LineStep, request: FilledRequest, settings: Settings, run: str) -> ScoringResult:
    """Plan a large line, score one of its ranges, or assemble them, on a worker."""
    began = time.monotonic()
    result = large_line.do_step(item, request, settings, Keep(run, KEEP_SECONDS))
    told = f"{worker_name()}: {item.step} {item.number} of {item.line.task.job.source}"
    get_run_logger().info("%s in %.1f s: %s %s", told, time.monotonic() - began, result.status, result.text)
    return result


@task(name="close-line", cache_policy=NO_CACHE)
def close_line(line: OpenLine, request: FilledRequest, settings: Settings) -> FileOutcome:
    """Publish a large line."""
    return large_line.close_line(line, request, settings)
