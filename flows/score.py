"""Flow: scoring of the files in the inbox."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow, unmapped
from prefect.artifacts import create_markdown_artifact
from prefect.runtime import flow_run

from aemodels.core.progress import tell
from flows.runners.from_settings import settings_runner
from tasks.field.after_scoring import field_page
from tasks.lines.score import STEPS, OpenLine, advance, close_line, line_step, next_steps, open_line, split_lines
from tasks.monitoring.events import emit_quarantine_rate
from tasks.review.after_scoring import use_reviews
from tasks.scoring.places.inbox import Arrival
from tasks.scoring.request import FileOutcome, FilledRequest
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
    if settings.task_runner != "dask":
        return _score_all(inbox, filled, settings)  # the workers are threads of this process
    files, lines = split_lines(inbox, settings)
    outcomes = _score_all(files, filled, settings)
    arrivals = [arrival for batch in files.batches for arrival in batch]
    again = _score_all(find_abandoned(arrivals, outcomes, filled, settings), filled, settings)
    replaced = {outcome.path for outcome in again}
    kept = [outcome for outcome in outcomes if outcome.path not in replaced]
    return [*kept, *again, *_score_lines(lines, filled, settings)]


def _score_lines(arrivals: Sequence[Arrival], filled: FilledRequest, settings: Settings) -> list[FileOutcome]:
    """Score large lines, as many at a time as there are workers, each step of all of them on all workers."""
    outcomes: list[FileOutcome] = []
    fixed = (unmapped(filled), unmapped(settings), unmapped(str(flow_run.id or "")))
    for start in range(0, len(arrivals), settings.workers):
        opened = [open_line(arrival, filled, settings) for arrival in arrivals[start : start + settings.workers]]
        lines = [line for line in opened if isinstance(line, OpenLine)]
        for step in STEPS:
            if steps := next_steps(lines, step):
                tell("%s: %d steps of %d lines", step, len(steps), len(lines))
                lines = advance(lines, steps, line_step.map(steps, *fixed).result())
        outcomes += [item for item in opened if isinstance(item, FileOutcome)]
        outcomes += [close_line(line, filled, settings) for line in lines]
    return outcomes


def _score_all(inbox: Inbox, filled: FilledRequest, settings: Settings) -> list[FileOutcome]:
    if not inbox.batches:
        return []
    tell("score %d files in %d batches", sum(len(batch) for batch in inbox.batches), len(inbox.batches))
    run = str(flow_run.id or "")
    batches = score_batch.map(inbox.batches, unmapped(filled), unmapped(settings), unmapped(run)).result()
    return [outcome for batch in batches for outcome in batch]
