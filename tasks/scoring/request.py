"""What a drain is asked to do, and what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from aemodels.core.findings import Finding
from tasks.settings import Settings

Fate: TypeAlias = Literal["scored", "skipped", "quarantined", "failed", "left"]
CHAMPION = "champion"
MOST_LISTED = 50


class ScoreRequest(BaseModel):
    """One drain of an inbox; what is left empty comes from the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inbox: str | None = Field(
        default=None, description="folder (nested or not), file, or s3:// address of what arrives"
    )
    outbox: str | None = Field(default=None, description="folder where scores go")
    bundle: str | None = Field(
        default=None, description="a models:/ address or a bundle folder; the champions of the registry without one"
    )
    aliases: tuple[str, ...] = Field(
        default=(CHAMPION,), description="of the registry's models, in order of preference; asked anew for every batch"
    )
    rescore: Literal["new", "all"] = Field(
        default="new",
        description="new: contents that no version of the champion's model (or not the bundle named) has scored; "
        "all: history too, beside the older results",
    )
    since: datetime | None = Field(
        default=None, description="history of files that arrived at or after this moment, beside the older results"
    )
    settle_seconds: float | None = Field(
        default=None, ge=0.0, description="a file younger than this, in seconds, is looked at twice"
    )
    batch: int | None = Field(default=None, ge=1, le=1000, description="files of one task")

    @property
    def backfill(self) -> bool:
        """Whether history is scored again."""
        return self.rescore == "all" or self.since is not None

    def filled(self, settings: Settings) -> FilledRequest:
        """Nothing left open."""
        seconds = settings.settle_seconds if self.settle_seconds is None else self.settle_seconds
        return FilledRequest(
            **{
                **self.model_dump(),
                "inbox": self.inbox or str(settings.inbox),
                "outbox": self.outbox or str(settings.outbox),
                "settle_seconds": seconds,
                "batch": self.batch or settings.batch,
            }
        )


class FilledRequest(ScoreRequest):
    """A request with nothing left open."""

    inbox: str
    outbox: str
    settle_seconds: float
    batch: int


class FileOutcome(BaseModel):
    """What became of one file: its fate, the rows scored and flagged, the outputs, and the findings that say why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    fate: Fate
    sha256: str = ""
    model: str = ""
    rows: int = 0
    flagged: int = 0
    seconds: float = 0.0
    outputs: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def is_fault(self) -> bool:
        """Whether somebody has to do something: a file that is still arriving is nobody's fault."""
        severe = any(finding.severity == "error" for finding in self.findings)
        return self.fate in {"quarantined", "failed"} or (self.fate == "left" and severe)


class ScoreSummary(BaseModel):
    """One drain of the inbox."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: int
    new: int
    scored: int
    skipped: int
    flagged: int
    flagged_rows: int
    quarantined: int
    failed: int
    left: int
    outcomes: tuple[FileOutcome, ...]


def summarise(outcomes: Sequence[FileOutcome]) -> ScoreSummary:
    """Counts of a drain; `flagged` are scored files with at least one anomalous row."""
    fates = Counter(outcome.fate for outcome in outcomes)
    return ScoreSummary(
        files=len(outcomes),
        new=fates["scored"] + fates["quarantined"] + fates["failed"],
        scored=fates["scored"],
        skipped=fates["skipped"],
        flagged=sum(outcome.flagged > 0 for outcome in outcomes),
        flagged_rows=sum(outcome.flagged for outcome in outcomes),
        quarantined=fates["quarantined"],
        failed=fates["failed"],
        left=fates["left"],
        outcomes=tuple(sorted(outcomes, key=lambda outcome: outcome.path)),
    )


def score_page(summary: ScoreSummary, outbox: str, links: Mapping[str, str]) -> str:
    """The Markdown page of a drain.

    Args:
        summary: what was done.
        outbox: where the outputs lie.
        links: address by name of the models that scored.
    """
    counts = ("new", "scored", "flagged", "quarantined", "failed", "left", "skipped")
    lines = ["# Scored", "", "| " + " | ".join(counts) + " |", "|" + "---|" * len(counts)]
    lines.append("| " + " | ".join(str(getattr(summary, name)) for name in counts) + " |")
    lines += ["", *(f"- [{name}]({address})" for name, address in sorted(links.items()))]
    places = {"scores": "scores", "reports": "reports", "quarantine": "quarantine"}
    lines += [f"- {name}: `{outbox}/{folder}`" for name, folder in places.items()]
    listed = [outcome for outcome in summary.outcomes if outcome.is_fault or outcome.flagged]
    lines += _rows(listed[:MOST_LISTED])
    if len(listed) > MOST_LISTED:
        lines.append(f"\n… and {len(listed) - MOST_LISTED} more")
    return "\n".join(lines)


def _rows(outcomes: Sequence[FileOutcome]) -> list[str]:
    if not outcomes:
        return []
    head = ["", "| file | fate | rows | flagged | report or reason |", "|---|---|---|---|---|"]
    return head + [
        f"| {_cell(outcome.path)} | {outcome.fate} | {outcome.rows} | {outcome.flagged} | {_cell(_why(outcome))} |"
        for outcome in outcomes
    ]


def _why(outcome: FileOutcome) -> str:
    if outcome.is_fault and outcome.findings:
        return f"{outcome.findings[0].code}: {outcome.findings[0].found[:120]}"
    return next((path for path in outcome.outputs if path.endswith((".html", "reason.json"))), "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("`", "'")
