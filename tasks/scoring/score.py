"""Prefect tasks of scoring arrived files."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.scoring import inbox
from tasks.scoring.inbox import BlockedError, Inbox, check_outbox, model_links, recent_outcomes
from tasks.scoring.places.inbox import Arrival
from tasks.scoring.request import FileOutcome, FilledRequest, ScoreRequest, ScoreSummary, score_page, summarise
from tasks.scoring.worker_session import worker_session
from tasks.settings import Settings

__all__ = [
    "BlockedError",
    "Inbox",
    "ScoreRequest",
    "ScoreSummary",
    "check_outbox",
    "find_abandoned",
    "find_arrivals",
    "model_links",
    "recent_outcomes",
    "recheck_unsettled",
    "score_batch",
    "score_page",
    "summarise",
    "worker_session",
]


@task(
    name="find-arrivals",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=2,
    retry_jitter_factor=1.0,
    timeout_seconds=3600,
)
def find_arrivals(request: FilledRequest, settings: Settings) -> Inbox:
    """Find the files that need scoring, in batches, after removing the temporary files of dead workers."""
    return inbox.find_arrivals(request, settings)


@task(name="recheck-unsettled", cache_policy=NO_CACHE)
def recheck_unsettled(unsettled: Sequence[Arrival], request: FilledRequest, settings: Settings) -> Inbox:
    """Find the files that stayed unchanged over the settling time; those that still change are left."""
    return inbox.recheck_unsettled(unsettled, request, settings)


@task(name="score-batch", cache_policy=NO_CACHE)
def score_batch(
    arrivals: Sequence[Arrival], request: FilledRequest, settings: Settings, run: str = ""
) -> list[FileOutcome]:
    """Score a batch of files with the present champions; one file's failure does not affect the others.

    Args:
        arrivals: the files.
        request: of the run.
        settings: of the run.
        run: its id; a Dask worker keeps its processes and their models between the batches of one run.
    """
    told, outcomes = inbox.score_told(arrivals, request, settings, run)
    get_run_logger().info(told)
    return outcomes


@task(name="find-abandoned", cache_policy=NO_CACHE)
def find_abandoned(
    arrivals: Sequence[Arrival], outcomes: Sequence[FileOutcome], request: FilledRequest, settings: Settings
) -> Inbox:
    """Find the files that lost workers of a cluster hold, after waiting for their leases to expire."""
    return inbox.find_abandoned(arrivals, outcomes, request, settings)
