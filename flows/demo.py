"""Flow: the main job from start to end, on a few real wells and a line (`data/sample`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict

from aemodels.core.progress import tell
from flows.monitor import monitor, verdict_line
from flows.promote import PromoteRequest, promote
from flows.results import TrainResult, markdown_table
from flows.score import score
from flows.train import TrainRequest, train
from tasks.ingest.sample import deliver, make_field
from tasks.scoring.known_faults import count_found_faults
from tasks.scoring.score import ScoreRequest, ScoreSummary
from tasks.settings import Settings
from tasks.tracking import CHAMPION
from tasks.training.promote import Decision, is_replaceable

# A few public wells and a piece of a line, in a clone of the project.
SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"


class DemoResult(BaseModel):
    """Outcome of the demo, and where to look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    inbox: str
    outbox: str
    trained: tuple[TrainResult, ...]
    decisions: tuple[Decision, ...]
    scored: ScoreSummary
    faults: tuple[dict[str, Any], ...] = ()
    drift: tuple[str, ...] = ()

    @property
    def as_expected(self) -> bool:
        """True if no file failed or was left: only the broken files are not scored."""
        return self.scored.failed == 0 and self.scored.left == 0

    def lines(self) -> list[str]:
        """Return the summary as text: what arrived, and three lines to go on with."""
        done = self.scored
        return [
            f"{done.files} files arrived in {self.inbox}: {done.scored} scored, {done.skipped} known already, "
            f"{done.quarantined} quarantined; {done.flagged_rows} rows flagged in {done.flagged} files",
            *(f"drift: {line}" for line in self.drift),
            "",
            f"look at a report    open {self.outbox}/reports/*.html in a browser",
            f"review the runs     sondeflow ui, then {self.trained[0].address}",
            "score your files    sondeflow check FILES; sondeflow score FILES --out FOLDER",
        ]


@flow(name="demo")
def demo() -> DemoResult:
    """Score arriving files with the bundles of the package, measure their drift, then train and ask the gate.

    Three of the files are broken, and two have injected faults, which are counted. Without `data/sample`, as in an
    installed package, a synthetic field is written and used.
    """
    settings = Settings()
    field = str(SAMPLE) if SAMPLE.is_dir() else make_field(str(settings.home / "sample"))
    deliver(field, str(settings.inbox))
    scored = score(ScoreRequest(inbox=str(settings.inbox), outbox=str(settings.outbox), aliases=(CHAMPION,)))
    drift = monitor()
    faults = count_found_faults(field, str(settings.outbox))
    tell("%d files scored by the bundles of the package: %s/reports", scored.scored, settings.outbox)
    logs = train(TrainRequest(spec="demo-logs", data=(str(Path(field) / "wells"),)))
    seismic = train(TrainRequest(spec="demo-seismic", data=(str(Path(field) / "seismic"),)))
    decisions = [
        promote(PromoteRequest.model_validate({"name": model.model, "version": model.version}))
        for model in (logs, seismic)
        if is_replaceable(model.model, settings)
    ]
    result = DemoResult(
        field=field,
        inbox=str(settings.inbox),
        outbox=str(settings.outbox),
        trained=(logs, seismic),
        decisions=tuple(decisions),
        scored=scored,
        faults=tuple(faults),
        drift=tuple(verdict_line(report) for report in drift.reports),
    )
    tables = [markdown_table(list(rows)) for rows in (*(model.denoising for model in result.trained), result.faults)]
    create_markdown_artifact(key="demo", markdown="\n\n".join([*tables, *result.lines()]))
    return result
