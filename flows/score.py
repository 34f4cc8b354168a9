"""Flow: scoring of the files in the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefect import flow, unmapped
from prefect.artifacts import create_markdown_artifact
from prefect.runtime import flow_run

from aemodels.core.progress import tell
from flows.runners.from_settings import settings_runner
from tasks.field.after_scoring import field_page
from tasks.lines.score import LineStep, OpenLine, close_line, drain, line_step, open_line
from tasks.monitoring.events import emit_quarantine_rate
from tasks.review.after_scoring import use_reviews
from tasks.scoring.places.inbox import Arrival
from tasks.scoring.request import FileOutcome, FilledRequest, ScoringResult
from tasks.scoring.score import (
    Inbox,
    ScoreRequest,
    ScoreSummary,
    check_outbox,
    find_abandoned,
    find_arrivals,
    model_links,
    recent_outcomes,
    recheck_unsettled,
    score_batch,
    score_page,
    summarise,
    worker_session,
)
from tasks.settings import Settings

EVERYTHING = ScoreRequest()


@flow(name="score", task_runner=settings_runner(), timeout_seconds=6 * 3600)
def score(request: ScoreRequest = EVERYTHING) -> ScoreSummary:
    """Score every file that the ledger does not contain; a second run does nothing.

    Args:
        request: inbox, outbox and bundle; defaults are those of the settings, and the champions.

    Raises:
        BlockedError: if scores cannot be written; the run fails, and the next one takes the remaining files.
    """
    settings = Settings()
    filled = request.filled(settings)
    with worker_session(settings, filled.outbox) as session:
        first = find_arrivals(filled, settings)
        outcomes = [*first.outcomes, *_drain(first, filled, settings)]
        if first.unsettled:
            late = recheck_unsettled(first.unsettled, filled, settings)
            outcomes += [*late.outcomes, *_drain(late, filled, settings)]
        recent = recent_outcomes(session)
    summary = summarise(outcomes)
    emit_quarantine_rate(new=summary.new, quarantined=summary.quarantined, settings=settings, recent=recent)
    page = score_page(summary, filled.outbox, model_links(summary, settings))
    create_markdown_artifact(key="scored", markdown=page, description=f"{summary.scored} of {summary.files} scored")
    reviewed = use_reviews(filled.outbox, settings)
    if reviewed:
        create_markdown_artifact(key="reviews", markdown=reviewed, description="what reviewers say of the flags")
    if summary.scored or reviewed:
        create_markdown_artifact(
            key="field", markdown=field_page(filled.outbox, settings), description="wells and lines by need of eyes"
        )
    return check_outbox(summary)


def _drain(inbox: Inbox, filled: FilledRequest, settings: Settings) -> list[FileOutcome]:
    steps = _TaskSteps(filled, settings, str(flow_run.id or ""))
    if settings.task_runner == "dask":
        return drain(inbox, steps, settings)
    if inbox.batches:  # the workers are threads of this process
        tell("score %d files in %d batches", inbox.files, len(inbox.batches))
    return [outcome for batch in steps.score_batches(inbox.batches) for outcome in batch]


@dataclass(frozen=True)
class _TaskSteps:
    """Steps of a run as tasks of Prefect."""

    filled: FilledRequest
    settings: Settings
    run: str

    def score_batches(self, batches: Sequence[Sequence[Arrival]]) -> list[list[FileOutcome]]:
        if not batches:
            return []
        shared = self.filled.shared(sum(map(len, batches)), self.settings.workers)
        fixed = (unmapped(shared), unmapped(self.settings), unmapped(self.run))
        return list(score_batch.map(batches, *fixed).result())

    def find_abandoned(self, arrivals: Sequence[Arrival], outcomes: Sequence[FileOutcome]) -> Inbox:
        return find_abandoned(arrivals, outcomes, self.filled, self.settings)

    def open_line(self, arrival: Arrival) -> OpenLine | FileOutcome:
        return open_line(arrival, self.filled, self.settings)

    def line_steps(self, steps: Sequence[LineStep]) -> list[ScoringResult]:
        fixed = (unmapped(self.filled), unmapped(self.settings), unmapped(self.run))
        return list(line_step.map(steps, *fixed).result())

    def close_line(self, line: OpenLine) -> FileOutcome:
        return close_line(line, self.filled, self.settings)
