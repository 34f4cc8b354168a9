"""Flow: the whole main job on a synthetic field."""

from __future__ import annotations

from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict

from flows.promote import PromoteRequest, promote
from flows.results import TrainResult, markdown_table
from flows.score import score
from flows.train import TrainRequest, train
from tasks.ingest.sample import deliver, make_field
from tasks.scoring.score import ScoreRequest, ScoreSummary
from tasks.settings import Settings
from tasks.tracking import CHALLENGER, CHAMPION
from tasks.training.promote import Decision, is_replaceable


class DemoResult(BaseModel):
    """What the demo did, and where to look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    inbox: str
    outbox: str
    trained: tuple[TrainResult, ...]
    decisions: tuple[Decision, ...]
    scored: ScoreSummary

    @property
    def as_expected(self) -> bool:
        """Whether every arrival was scored, now or before, and only the broken files were not."""
        return self.scored.failed == 0 and self.scored.left == 0

    def lines(self) -> list[str]:
        """The summary for people."""
        done = self.scored
        return [
            f"field      {self.field} (truth/truth.json lists the injected faults)",
            f"arrived    {done.files} files in {self.inbox}: {done.scored} scored, {done.skipped} known already, "
            f"{done.quarantined} quarantined",
            f"flagged    {done.flagged_rows} rows in {done.flagged} files",
            f"scores     {self.outbox}/scores",
            f"reports    {self.outbox}/reports (open one in a browser)",
            f"why not    {self.outbox}/quarantine/*/reason.json",
            "runs       sondeflow ui",
            "again      sondeflow score INBOX --out OUTBOX; sondeflow ledger",
        ]


@flow(name="demo")
def demo() -> DemoResult:
    """Sample field, both kinds trained and promoted, new files (three of them broken) scored."""
    settings = Settings()
    field = make_field(str(settings.home / "sample"))
    logs = train(TrainRequest(spec="demo-logs", data=str(Path(field) / "wells")))
    seismic = train(TrainRequest(spec="demo-seismic", data=str(Path(field) / "seismic")))
    decisions = [
        promote(PromoteRequest.model_validate({"name": model.model, "version": model.version}))
        for model in (logs, seismic)
        if is_replaceable(model.model, settings)
    ]
    deliver(field, str(settings.inbox))
    # where the gate refuses, the demo still shows scores: the refused model's, filed under its version
    request = ScoreRequest(inbox=str(settings.inbox), outbox=str(settings.outbox), aliases=(CHAMPION, CHALLENGER))
    scored = score(request)
    result = DemoResult(
        field=field,
        inbox=str(settings.inbox),
        outbox=str(settings.outbox),
        trained=(logs, seismic),
        decisions=tuple(decisions),
        scored=scored,
    )
    tables = [markdown_table(list(model.denoising)) for model in result.trained]
    create_markdown_artifact(key="demo", markdown="\n\n".join([*tables, *result.lines()]))
    return result
