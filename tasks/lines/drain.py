"""Scoring of an inbox by the workers of a cluster: batches, then files of lost workers, then large lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

from aemodels.core.progress import tell
from tasks.dask_worker import CALL_FILES, worker_name
from tasks.lines import large_line
from tasks.lines.large_line import STEPS, LineStep, OpenLine, advance, next_steps, split_lines
from tasks.scoring import inbox as whole
from tasks.scoring.inbox import KEEP_SECONDS, Inbox, check_outbox, find_arrivals, recheck_unsettled, score_told
from tasks.scoring.places.inbox import Arrival
from tasks.scoring.request import FileOutcome, FilledRequest, ScoreSummary, ScoringResult, summarise
from tasks.scoring.worker_session import Keep, worker_session
from tasks.settings import Settings

# Calls a function with each item on some worker, reports the line of each that is done, and returns the values in the
# order of the items; the function returns both.
Spread = Callable[[Callable[[Any], tuple[str, Any]], Sequence[Any]], list[Any]]


class Steps(Protocol):
    """Steps of a run, as tasks of Prefect or as calls on the workers of a cluster."""

    def score_batches(self, batches: Sequence[Sequence[Arrival]]) -> list[list[FileOutcome]]:
        """Score batches on the workers."""

    def find_abandoned(self, arrivals: Sequence[Arrival], outcomes: Sequence[FileOutcome]) -> Inbox:
        """Find the files that lost workers hold."""

    def open_line(self, arrival: Arrival) -> OpenLine | FileOutcome:
        """Claim a large line."""

    def line_steps(self, steps: Sequence[LineStep]) -> list[ScoringResult]:
        """Do steps of lines on the workers."""

    def close_line(self, line: OpenLine) -> FileOutcome:
        """Publish a large line."""


def drain(inbox: Inbox, steps: Steps, settings: Settings) -> list[FileOutcome]:
    """Score the files of an inbox, also those that workers held which were lost, and its large lines."""
    files, lines = split_lines(inbox, settings)
    outcomes = _score_batches(files, steps)
    arrivals = [arrival for batch in files.batches for arrival in batch]
    again = _score_batches(steps.find_abandoned(arrivals, outcomes), steps)
    replaced = {outcome.path for outcome in again}
    kept = [outcome for outcome in outcomes if outcome.path not in replaced]
    return [*kept, *again, *_score_lines(lines, steps, settings.workers)]


def score_on_workers(request: FilledRequest, settings: Settings, spread: Spread) -> ScoreSummary:
    """Score every file that the ledger does not contain, on the workers of a cluster and without a server.

    Args:
        request: of the run.
        settings: of the run.
        spread: calls functions on the workers.

    Raises:
        BlockedError: if scores cannot be written; the next run takes the remaining files.
    """
    steps = _WorkerSteps(request, settings, spread, uuid4().hex)
    with worker_session(settings, request.outbox):
        tell("find arrivals in %s", request.inbox)
        first = find_arrivals(request, settings)
        outcomes = [*first.outcomes, *drain(first, steps, settings)]
        if first.unsettled:
            late = recheck_unsettled(first.unsettled, request, settings)
            outcomes += [*late.outcomes, *drain(late, steps, settings)]
    return check_outbox(summarise(outcomes))


@dataclass(frozen=True)
class _WorkerSteps:
    """Steps as calls on the workers; what concerns the claim of a line is done in this process."""

    request: FilledRequest
    settings: Settings
    spread: Spread
    run: str

    def score_batches(self, batches: Sequence[Sequence[Arrival]]) -> list[list[FileOutcome]]:
        request = self.request.shared(sum(map(len, batches)), self.settings.workers)
        call = partial(score_told, request=request, settings=self.settings, run=self.run)
        return self.spread(call, [part for batch in batches for part in _cut(batch)])

    def find_abandoned(self, arrivals: Sequence[Arrival], outcomes: Sequence[FileOutcome]) -> Inbox:
        return whole.find_abandoned(arrivals, outcomes, self.request, self.settings) if arrivals else Inbox()

    def open_line(self, arrival: Arrival) -> OpenLine | FileOutcome:
        return large_line.open_line(arrival, self.request, self.settings)

    def line_steps(self, steps: Sequence[LineStep]) -> list[ScoringResult]:
        call = partial(step_told, request=self.request, settings=self.settings, run=self.run)
        return self.spread(call, steps)

    def close_line(self, line: OpenLine) -> FileOutcome:
        return large_line.close_line(line, self.request, self.settings)


def _cut(batch: Sequence[Arrival]) -> list[Sequence[Arrival]]:
    return [batch[start : start + CALL_FILES] for start in range(0, len(batch), CALL_FILES)]


def step_told(item: LineStep, request: FilledRequest, settings: Settings, run: str) -> tuple[str, ScoringResult]:
    """Do a step of a large line on a worker; return as `score_told`."""
    began = time.monotonic()
    result = large_line.do_step(item, request, settings, Keep(run, KEEP_SECONDS))
    what = f"{worker_name()}: {item.step} {item.number} of {item.line.task.job.source}"
    return f"{what} in {time.monotonic() - began:.1f} s: {result.status} {result.text}".rstrip(), result


def _score_batches(inbox: Inbox, steps: Steps) -> list[FileOutcome]:
    if not inbox.batches:
        return []
    tell("score %d files in %d batches", inbox.files, len(inbox.batches))
    return [outcome for batch in steps.score_batches(inbox.batches) for outcome in batch]


def _score_lines(arrivals: Sequence[Arrival], steps: Steps, at_once: int) -> list[FileOutcome]:
    """Score large lines, as many at a time as there are workers, each step of all of them on all workers."""
    outcomes: list[FileOutcome] = []
    for start in range(0, len(arrivals), at_once):
        opened = [steps.open_line(arrival) for arrival in arrivals[start : start + at_once]]
        lines = [line for line in opened if isinstance(line, OpenLine)]
        for step in STEPS:
            if todo := next_steps(lines, step):
                tell("%s: %d steps of %d lines", step, len(todo), len(lines))
                lines = advance(lines, todo, steps.line_steps(todo))
        outcomes += [item for item in opened if isinstance(item, FileOutcome)]
        outcomes += [steps.close_line(line) for line in lines]
    return outcomes
