"""Flow: the inbox, drained once."""

from __future__ import annotations

from prefect import flow, unmapped
from prefect.artifacts import create_markdown_artifact

from tasks.monitoring.events import emit_quarantine_rate
from tasks.scoring.request import FileOutcome, FilledRequest
from tasks.scoring.score import (
    Inbox,
    ScoreRequest,
    ScoreSummary,
    check_outbox,
    find_arrivals,
    model_links,
    recheck_unsettled,
    score_batch,
    score_page,
    summarise,
    worker_session,
)
from tasks.settings import Settings

EVERYTHING = ScoreRequest()


@flow(name="score", timeout_seconds=6 * 3600)
def score(request: ScoreRequest = EVERYTHING) -> ScoreSummary:
    """Score every file that the ledger does not have; a second run is a no-op.

    Args:
        request: what to drain, and with what; the settings' inbox and the champions where it leaves that open.

    Raises:
        BlockedError: if scores cannot be written; the run has then failed, and the next one takes what is left.
    """
    settings = Settings()
    order = request.filled(settings)
    with worker_session(settings, order.outbox):
        first = find_arrivals(order, settings)
        outcomes = [*first.outcomes, *_drain(first, order, settings)]
        if first.unsettled:
            late = recheck_unsettled(first.unsettled, order, settings)
            outcomes += [*late.outcomes, *_drain(late, order, settings)]
    summary = summarise(outcomes)
    emit_quarantine_rate(new=summary.new, quarantined=summary.quarantined, settings=settings)
    page = score_page(summary, order.outbox, model_links(summary, settings))
    create_markdown_artifact(key="scored", markdown=page, description=f"{summary.scored} of {summary.files} scored")
    return check_outbox(summary)


def _drain(inbox: Inbox, order: FilledRequest, settings: Settings) -> list[FileOutcome]:
    batches = score_batch.map(inbox.batches, unmapped(order), unmapped(settings)).result() if inbox.batches else []
    return [outcome for batch in batches for outcome in batch]
