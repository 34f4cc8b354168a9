"""Prefect tasks of scoring a large line by ranges of traces."""

from __future__ import annotations

import time
from collections.abc import Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.dask_worker import worker_name
from tasks.lines import large_line
from tasks.lines.large_line import OpenLine, split_lines
from tasks.scoring.arrivals import Arrival
from tasks.scoring.file import ScoringResult
from tasks.scoring.request import FileOutcome, FilledRequest
from tasks.scoring.score import KEEP_SECONDS
from tasks.scoring.worker_session import Keep
from tasks.settings import Settings

__all__ = ["OpenLine", "close_line", "open_line", "score_range", "split_lines"]


@task(name="open-line", cache_policy=NO_CACHE)
def open_line(arrival: Arrival, request: FilledRequest, settings: Settings) -> OpenLine | FileOutcome:
    """Claim a large line and plan its ranges."""
    return large_line.open_line(arrival, request, settings)


@task(name="score-range", cache_policy=NO_CACHE)
def score_range(line: OpenLine, number: int, request: FilledRequest, settings: Settings, run: str) -> ScoringResult:
    """Score one range of a large line on a worker."""
    began = time.monotonic()
    result = large_line.score_range(line, number, request, settings, Keep(run, KEEP_SECONDS))
    told = f"{worker_name()}: range {number + 1} of {line.ranges}"
    get_run_logger().info("%s in %.1f s: %s %s", told, time.monotonic() - began, result.status, result.text)
    return result


@task(name="close-line", cache_policy=NO_CACHE)
def close_line(
    line: OpenLine, results: Sequence[ScoringResult], request: FilledRequest, settings: Settings
) -> FileOutcome:
    """Assemble and publish a large line."""
    return large_line.close_line(line, results, request, settings)
