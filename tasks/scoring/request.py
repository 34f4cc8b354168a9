"""Request to score an inbox, and its summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aemodels.core.findings import Finding
from aemodels.report.flagged_intervals import FlagSummary
from tasks.address import refuse_login
from tasks.settings import Settings

FileStatus: TypeAlias = Literal["scored", "reviewed", "skipped", "quarantined", "failed", "left"]
CHAMPION = "champion"
MAX_LISTED = 50


class ScoreRequest(BaseModel):
    """Request to score the files of an inbox; empty fields are taken from the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    inbox: str | None = Field(default=None, description="folder (nested or not), file, or s3:// URL of arriving files")
    outbox: str | None = Field(default=None, description="output folder or s3:// URL of scores")
    bundle: str | None = Field(
        default=None, description="a models:/ URI or a bundle folder; default: the champions in the registry"
    )
    aliases: tuple[str, ...] = Field(
        default=(CHAMPION,), description="aliases in the registry in order of preference, resolved for each batch"
    )
    rescore: Literal["new", "all"] = Field(
        default="new",
        description="new: contents not yet scored by any version of the champion's model (or by the given bundle); "
        "all: also earlier contents, stored beside the older results",
    )
    since: datetime | None = Field(
        default=None,
        description="also score earlier contents that arrived at or after this time, stored beside the older results",
    )
    settle_seconds: float | None = Field(
        default=None, ge=0.0, description="a file younger than this, in s, is checked twice"
    )
    batch: int | None = Field(default=None, ge=1, le=1000, description="files per task")

    @field_validator("inbox", "outbox", "bundle", mode="after")
    @classmethod
    def _without_login(cls, value: str | None) -> str | None:
        if value is not None:
            refuse_login(value)
        return value

    @property
    def backfill(self) -> bool:
        """True if earlier contents are scored again."""
        return self.rescore == "all" or self.since is not None

    def filled(self, settings: Settings) -> FilledRequest:
        """Return the request with every empty field taken from the settings."""
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
    """A score request without empty fields."""

    inbox: str
    outbox: str
    settle_seconds: float
    batch: int
    per_process: int = Field(default=0, ge=0, description="files of this run per scoring process, 0 if not known")

    def shared(self, files: int, workers: int) -> FilledRequest:
        """Return the request with what each of several scoring processes has to expect."""
        return self.model_copy(update={"per_process": -(-files // workers)})


class FileOutcome(BaseModel):
    """Outcome of one file: its status, rows (also flagged, suspect, not judged), outputs, and findings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    fate: FileStatus
    sha256: str = ""
    model: str = ""
    rows: int = 0
    flagged: int = 0
    suspect: int = 0
    not_judged: int = 0
    flags: FlagSummary = FlagSummary()
    seconds: float = 0.0
    outputs: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def is_fault(self) -> bool:
        """True if the file needs attention; a file that is still arriving does not."""
        severe = any(finding.severity == "error" for finding in self.findings)
        return self.fate in {"quarantined", "failed"} or (self.fate == "left" and severe)


class ScoreSummary(BaseModel):
    """Counts and outcomes of one run over the inbox; `reviewed` counts reviews that were kept."""

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
    reviewed: int = 0
    outcomes: tuple[FileOutcome, ...]


def summarise(outcomes: Sequence[FileOutcome]) -> ScoreSummary:
    """Summarise a run; `flagged` counts scored files with at least one anomalous row."""
    fates = Counter(outcome.fate for outcome in outcomes)
    return ScoreSummary(
        files=len(outcomes),
        new=fates["scored"] + fates["reviewed"] + fates["quarantined"] + fates["failed"],
        scored=fates["scored"],
        skipped=fates["skipped"],
        flagged=sum(outcome.flagged > 0 for outcome in outcomes),
        flagged_rows=sum(outcome.flagged for outcome in outcomes),
        quarantined=fates["quarantined"],
        failed=fates["failed"],
        left=fates["left"],
        reviewed=fates["reviewed"],
        outcomes=tuple(sorted(outcomes, key=lambda outcome: outcome.path)),
    )


def score_page(summary: ScoreSummary, outbox: str, links: Mapping[str, str]) -> str:
    """Return the Markdown page of a run.

    Args:
        summary: counts and outcomes.
        outbox: folder of the outputs.
        links: page in MLflow by label of each model that scored.
    """
    counts = ("new", "scored", "reviewed", "flagged", "quarantined", "failed", "left", "skipped")
    lines = ["# Scored", "", "| " + " | ".join(counts) + " |", "|" + "---|" * len(counts)]
    lines.append("| " + " | ".join(str(getattr(summary, name)) for name in counts) + " |")
    away = {f.found for outcome in summary.outcomes for f in outcome.findings if f.code == "registry-unavailable"}
    lines += ["", *(f"**{_cell(text)}**" for text in sorted(away))]
    lines += ["", *(f"- [{name}]({address})" for name, address in sorted(links.items()))]
    lines += [f"- {folder}: `{outbox}/{folder}`" for folder in ("scores", "reports", "quarantine")]
    listed = [outcome for outcome in summary.outcomes if outcome.is_fault or outcome.flagged]
    lines += _rows(listed[:MAX_LISTED])
    if len(listed) > MAX_LISTED:
        lines.append(f"\n… and {len(listed) - MAX_LISTED} more")
    return "\n".join(lines)


def _rows(outcomes: Sequence[FileOutcome]) -> list[str]:
    if not outcomes:
        return []
    head = ["", "| file | status | rows | flagged | report or reason |", "|---|---|---|---|---|"]
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
