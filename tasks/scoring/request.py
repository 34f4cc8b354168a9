"""Requests and results of scoring: of a run, and of one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aemodels.core.findings import Finding
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.segy.header_positions import HeaderPositions
from aemodels.report.flagged_intervals import FlagSummary
from tasks.address import refuse_login
from tasks.scoring.line_ranges.plan import LinePart
from tasks.scoring.places.staged import BundleLabel, Destination, Staged
from tasks.settings import Settings

FileStatus: TypeAlias = Literal["scored", "reviewed", "skipped", "quarantined", "failed", "left"]
CHAMPION = "champion"
MAX_LISTED = 50
ResultStatus: TypeAlias = Literal["scored", "refused", "changed", "failed", "blocked", "crashed"]


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


class Scorer(BaseModel):
    """Reference to a bundle, and the label under which its scores are filed.

    Args:
        folder: of the bundle.
        kind: of the recordings that it scores.
        name, version: its label.
        content_hash: hash of its bundle.json.
        card: address of its model card.
        note: why it may not be the present champion, "" if it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    kind: str
    name: str
    version: str
    content_hash: str = ""
    card: str = ""
    note: str = ""

    @property
    def label(self) -> BundleLabel:
        return BundleLabel(self.name, self.version, self.card)


class Job(BaseModel):
    """One file to score.

    Args:
        path: local path of the file.
        source: its path in the inbox or its URL, as shown to users.
        sha256: of its content when it was claimed.
        scorer: the bundle; None if no kind of bundle can score such a file.
        outbox, own_folder, temp_prefix: see `tasks.scoring.places.staged.Destination`.
        aliases, positions, limits: see `aemodels.io.readers.read`.
        part: one step of scoring a large line; None = the whole file.
        per_process: files that the run has for each scoring process, 0 if not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    source: str
    sha256: str
    scorer: Scorer | None
    outbox: str
    own_folder: bool = False
    temp_prefix: str = ""
    aliases: str | None = None
    positions: HeaderPositions | None = None
    limits: SizeLimits = DEFAULT_LIMITS
    part: LinePart | None = None
    per_process: int = 0

    @property
    def destination(self) -> Destination:
        label = self.scorer.label if self.scorer else BundleLabel("reader", "")
        return Destination(Path(self.outbox), label, self.own_folder, self.temp_prefix, self.limits)


class ScoringResult(BaseModel):
    """Result of scoring one file.

    Args:
        status: "scored", the outputs are staged; "refused", the file is unusable and the findings say why; "changed",
            the file was changed or removed; "failed", an unexpected error; "blocked", a cause outside the file (the
            disk, the bundle); "crashed", the process died or exceeded its limits at each attempt.
        rows: scored rows.
        flagged: rows flagged as anomalous.
        suspect: rows above the softer threshold, the flagged ones included.
        not_judged: rows at which the bundle abstains.
        flags: flagged intervals or traces, the worst of them, their reasons.
        text: human-readable reason, "" if scored or refused.
        review: document of a reviewer; "" for files that are scored.
        timings: seconds by step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: ResultStatus
    text: str = ""
    review: str = ""
    rows: int = 0
    flagged: int = 0
    suspect: int = 0
    not_judged: int = 0
    flags: FlagSummary = FlagSummary()
    staged: tuple[Staged, ...] = ()
    findings: tuple[Finding, ...] = ()
    timings: dict[str, float] = Field(default_factory=dict)

    @property
    def counts(self) -> dict[str, object]:
        """Fields that the outcome of a scored file shares."""
        return {name: getattr(self, name) for name in ("rows", "flagged", "suspect", "not_judged", "flags")}

    @property
    def outputs(self) -> tuple[str, ...]:
        """Final paths of the outputs, the scores first."""
        return tuple(item.target for item in reversed(self.staged))
