"""Audit of flags: score wells, choose flagged intervals, draw the page, and count the answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import DataError, SondeflowError, UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import BoolArray, Recording
from aemodels.detect.rules.rules import RulesDetector
from aemodels.io.files.atomic import atomic_path
from aemodels.report.audit import AuditItem, audit_items, choose_items
from aemodels.report.html.audit import item_id, item_label, render_audit, share_right
from aemodels.signal.quality_rules import assess
from tasks.ingest.supervised_read import Read, reading_files
from tasks.search.wells import log_files, logs_bundle
from tasks.settings import Settings


class AuditRequest(BaseModel):
    """Request for an audit page, or for the shares in a file of answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: tuple[Path, ...] = Field(min_length=1, description="files and folders with well logs")
    bundle: str | None = Field(
        default=None, description="a models:/ URI or a folder; None = the champion, else the shipped one"
    )
    out: Path = Field(default=Path("audit.html"), description="page to write")
    count: int = Field(default=40, ge=1, le=500, description="maximum number of intervals per group")
    seed: int = Field(default=20, ge=0, description="of the random samples")
    answers: Path | None = Field(default=None, description="answers downloaded from an earlier page, to tick and count")


class AuditResult(BaseModel):
    """Page written, its intervals, and the shares of right flags if answers were given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: str
    bundle: str
    wells: int
    rows: int
    flagged: int
    items: tuple[dict[str, Any], ...]
    shares: dict[str, dict[str, float]]
    findings: tuple[tuple[str, Finding], ...]


def make_audit(request: AuditRequest, settings: Settings) -> AuditResult:
    """Score the wells and write the page.

    Raises:
        NoModelError, BundleError: if there is no such model, or the bundle is damaged.
        DataError: if no well can be scored, or the answers are not from a page.
    """
    answers = [] if request.answers is None else _answers(request.answers)
    label, bundle = logs_bundle(request.bundle, settings)
    with reading_files(settings) as read:
        recordings, findings = _wells(request.data, read)
    scored: list[Recording] = []
    items: list[AuditItem] = []
    rows = flagged = 0
    for recording in recordings:
        try:
            scores = bundle.score(recording)
        except SondeflowError as error:
            findings.append((recording.source.uri, _unscored(str(error))))
            continue
        items += audit_items(len(scored), recording, scores, decided_by_rules(bundle, recording))
        scored.append(recording)
        rows, flagged = rows + scores.score.size, flagged + int(scores.is_anomaly.sum())
    if not scored:
        raise DataError(f"none of {len(recordings)} wells could be scored; see `sondeflow check`")
    groups = choose_items(items, request.count, request.seed)
    note = f"{label}; {flagged:,} of {rows:,} depths flagged in {len(scored)} wells, {len(items)} intervals."
    earlier = {str(answer["id"]): str(answer["answer"]) for answer in answers}
    with atomic_path(request.out) as temporary:
        temporary.write_text(render_audit(scored, groups, note=note, answers=earlier), encoding="utf-8")
    listed = [
        item_label(scored[item.well], item, group) | {"answer": earlier.get(item_id(scored, item), "")}
        for group, members in groups.items()
        for item in members
    ]
    return AuditResult(
        page=str(request.out),
        bundle=label,
        wells=len(scored),
        rows=rows,
        flagged=flagged,
        items=tuple(listed),
        shares=share_right([item for item in listed if item["answer"]]),
        findings=tuple(findings),
    )


def decided_by_rules(bundle: Bundle, recording: Recording) -> BoolArray:
    """Return the depths at which a rule is violated: a quality rule, or one of the detector's rules: bool[sample]."""
    quality = assess(recording)
    fired = np.zeros(recording.axis.size, dtype=np.bool_)
    for flag in quality.flags.values():
        fired |= flag[[row for row, name in enumerate(recording.names) if name in bundle.curves]].any(axis=0)
    members = getattr(bundle.detector, "members", {bundle.detector_name: bundle.detector})
    for member in members.values():
        if isinstance(member, RulesDetector):
            fired |= (np.nan_to_num(member.score(bundle.normaliser.apply(recording))) > 1.0).any(axis=0)
    return fired


def _wells(paths: Sequence[Path], read: Read) -> tuple[list[Recording], list[tuple[str, Finding]]]:
    """Return the wells, each content once, and a finding per unreadable file."""
    seen: set[str] = set()
    wells: list[Recording] = []
    findings: list[tuple[str, Finding]] = []
    for path, problem in log_files(paths):
        if problem is not None:
            findings.append((str(path), problem))
            continue
        try:
            recording = read(path)
        except UnreadableFileError as error:
            findings += [(str(path), finding) for finding in error.findings]
            continue
        if recording.kind == "logs" and recording.source.sha256 not in seen:
            seen.add(recording.source.sha256)
            wells.append(recording)
    return wells, findings


def _answers(path: Path) -> list[dict[str, Any]]:
    try:
        answers = json.loads(path.read_text(encoding="utf-8"))
        return [{**one, "id": f"{one['sha256'][:8]}-{one['top_m']:.2f}"} for one in answers if one["answer"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: no answers of an audit page ({error!r}); download them again") from error


def _unscored(reason: str) -> Finding:
    return Finding("warning", "left-out", "file", reason, "a well with curves of the bundle", "leave it out")
