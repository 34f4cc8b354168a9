"""Flow: the inbox, drained once."""

from __future__ import annotations

from prefect import flow, unmapped
from prefect.artifacts import create_table_artifact

from tasks.score import ScoreSummary, choose_scorers, find_arrivals, score_batch, summarise
from tasks.settings import Settings
from tasks.tracking import CHAMPION


@flow(name="score")
def score(
    inbox: str | None = None,
    outbox: str | None = None,
    bundle: str | None = None,
    aliases: tuple[str, ...] = (CHAMPION,),
) -> ScoreSummary:
    """Score every file that the ledger does not have; a second run is a no-op.

    Args:
        inbox: a folder (nested or not) or a file; the settings' inbox without one.
        outbox: where scores go; the settings' outbox without one.
        bundle: a models:/ URI or a bundle folder; the registry's models without one.
        aliases: of the registry's models, in order of preference.
    """
    settings = Settings()
    goal = outbox or str(settings.outbox)
    batches, problems = find_arrivals(inbox or str(settings.inbox), goal)
    scorers = choose_scorers(batches, bundle, aliases, settings)
    scored = score_batch.map(batches, unmapped(scorers), unmapped(goal), unmapped(settings)).result()
    summary = summarise(problems + [outcome for batch in scored for outcome in batch])
    create_table_artifact(
        key="scored",
        table=[
            {"file": outcome.path, "fate": outcome.fate, "rows": outcome.rows, "flagged": outcome.flagged}
            for outcome in summary.outcomes
        ],
        description=f"{summary.scored} scored, {summary.skipped} skipped, {summary.quarantined} quarantined",
    )
    return summary
