"""Flow: the inbox, drained once."""

from __future__ import annotations

from prefect import flow, unmapped
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel, ConfigDict, Field

from tasks.events import emit_quarantine_rate
from tasks.score import ScoreSummary, choose_scorers, find_arrivals, score_batch, summarise
from tasks.settings import Settings
from tasks.tracking import CHAMPION


class ScoreRequest(BaseModel):
    """Which files are scored, and by what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inbox: str | None = Field(default=None, description="a folder (nested or not) or a file; the settings' without one")
    outbox: str | None = Field(default=None, description="where scores go; the settings' outbox without one")
    bundle: str | None = Field(default=None, description="a models:/ URI or a bundle folder; the champions without one")
    aliases: tuple[str, ...] = Field(default=(CHAMPION,), description="of the registry's models, preferred first")


@flow(name="score", timeout_seconds=6 * 3600)
def score(request: ScoreRequest) -> ScoreSummary:
    """Score every file that the ledger does not have; a second run is a no-op.

    Args:
        request: which files, and by what.
    """
    settings = Settings()
    goal = request.outbox or str(settings.outbox)
    batches, problems = find_arrivals(request.inbox or str(settings.inbox), goal)
    scorers = choose_scorers(batches, request.bundle, request.aliases, settings)
    scored = score_batch.map(batches, unmapped(scorers), unmapped(goal), unmapped(settings)).result()
    summary = summarise(problems + [outcome for batch in scored for outcome in batch])
    emit_quarantine_rate(new=summary.new, quarantined=summary.quarantined, settings=settings)
    create_table_artifact(
        key="scored",
        table=[
            {"file": outcome.path, "fate": outcome.fate, "rows": outcome.rows, "flagged": outcome.flagged}
            for outcome in summary.outcomes
        ],
        description=f"{summary.scored} scored, {summary.skipped} skipped, {summary.quarantined} quarantined",
    )
    return summary
