"""Scoring what has arrived: each content once by each version, each file's fate its own."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine

from aemodels.bundle import Bundle
from aemodels.errors import DataError, UnreadableFileError
from aemodels.experiment import REGISTERED
from aemodels.io.hashing import sha256_file
from aemodels.io.packed import content_suffix
from aemodels.io.readers import list_files, read
from aemodels.types import Finding
from tasks.ledger import Key, Outcome, claim, open_ledger, release, settle
from tasks.outbox import BundleLabel, ChangedError, publish, quarantine
from tasks.settings import Settings
from tasks.tracking import download_bundle, find, get
from tasks.versions import READING, code_hash

KINDS = {".las": "logs", ".sgy": "seismic", ".segy": "seismic"}
BATCH = 8
_ONE_NETWORK = threading.Lock()  # files are read side by side; the networks use all cores by themselves

Fate: TypeAlias = Literal["scored", "skipped", "quarantined", "failed", "left"]


class Scorer(BaseModel):
    """A bundle by reference, and the label under which its scores are filed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    kind: str
    name: str
    version: str

    @property
    def label(self) -> BundleLabel:
        return BundleLabel(self.name, self.version)


class FileOutcome(BaseModel):
    """What became of one file: its fate, the rows scored and flagged, the outputs, and the findings that say why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    fate: Fate
    sha256: str = ""
    rows: int = 0
    flagged: int = 0
    seconds: float = 0.0
    outputs: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


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


@task(name="find-arrivals", cache_policy=NO_CACHE)
def find_arrivals(inbox: str, outbox: str) -> tuple[list[list[str]], list[FileOutcome]]:
    """The inbox's files in batches, and the places that could not be listed; an outbox inside it has not arrived."""
    files, problems = list_files(Path(inbox))
    files = [path for path in files if not path.is_relative_to(outbox)]
    batches = [[str(path) for path in files[start : start + BATCH]] for start in range(0, len(files), BATCH)]
    return batches, [FileOutcome(path=str(path), fate="left", findings=(finding,)) for path, finding in problems]


@task(name="choose-bundles", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5, retry_jitter_factor=1.0)
def choose_scorers(
    batches: Sequence[Sequence[str]], bundle: str | None, aliases: Sequence[str], settings: Settings
) -> dict[str, Scorer]:
    """Kind → bundle: the one named, else for each kind that has arrived the first of `aliases` that exists."""
    if bundle is not None:
        scorer = open_scorer(bundle, settings)
        return {scorer.kind: scorer}
    kinds = {KINDS.get(content_suffix(Path(path))) for batch in batches for path in batch}
    scorers = {}
    for kind in sorted(kind for kind in kinds if kind):
        uris = [f"models:/{REGISTERED[kind]}@{alias}" for alias in aliases]
        found = next((uri for uri in uris if find(settings, uri) is not None), None)
        if found is not None:
            scorers[kind] = open_scorer(found, settings)
    return scorers


@task(name="score-batch", cache_policy=NO_CACHE)
def score_batch(
    paths: Sequence[str], scorers: Mapping[str, Scorer], outbox: str, settings: Settings
) -> list[FileOutcome]:
    """Score a batch of files; a bad one fails alone."""
    ledger = open_ledger(settings.ledger_url)
    return [score_file(Path(path), scorers, Path(outbox), settings, ledger) for path in paths]


def open_scorer(ref: str, settings: Settings) -> Scorer:
    """A bundle directory, or the bundle of a models:/ URI."""
    if ref.startswith("models:/"):
        model = get(settings, ref)
        folder, name, version = download_bundle(settings, model), model.name, model.version
        return Scorer(folder=str(folder), kind=_bundle(str(folder)).kind, name=name, version=version)
    bundle = _bundle(ref)
    return Scorer(folder=ref, kind=bundle.kind, name=bundle.name, version=bundle.content_hash[:12])


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


def score_file(
    path: Path, scorers: Mapping[str, Scorer], outbox: Path, settings: Settings, ledger: Engine
) -> FileOutcome:
    """Score one file, unless the ledger has its content; its input is never changed."""
    try:
        sha256 = sha256_file(path)
    except OSError as error:
        return _left(path, "", "not-readable", f"{type(error).__name__}: {error.strerror}", "chmod it, or get it again")
    kind = KINDS.get(content_suffix(path))
    scorer = scorers.get(kind) if kind else None
    if kind and scorer is None:
        remedy = f"sondeflow train {kind} --data PATH, then sondeflow promote {REGISTERED[kind]}"
        return _left(path, sha256, "no-bundle", f"no bundle for {kind}: no champion {REGISTERED[kind]}", remedy)
    key = Key(sha256, scorer.name, scorer.version) if scorer else Key(sha256, "reader", code_hash(READING)[:12])
    if not claim(ledger, key, source=str(path), max_attempts=settings.max_attempts):
        return FileOutcome(path=str(path), fate="skipped", sha256=sha256)
    started = time.perf_counter()
    outcome = _attempt(path, sha256, scorer, outbox, settings)
    outcome = outcome.model_copy(update={"seconds": round(time.perf_counter() - started, 3)})
    _write_down(ledger, key, outcome)
    return outcome


def _attempt(path: Path, sha256: str, scorer: Scorer | None, outbox: Path, settings: Settings) -> FileOutcome:
    try:
        return _score_or_quarantine(path, sha256, scorer, outbox, settings)
    except ChangedError as error:
        return _left(path, sha256, "changed", str(error), "none needed: the next run takes it")
    except Exception as error:  # noqa: BLE001 - one file's unforeseen failure must not take the others with it
        found = f"{type(error).__name__}: {error}"
        finding = Finding("error", "failed", "file", found, "a score", "it is tried again; else see the log")
        return FileOutcome(path=str(path), fate="failed", sha256=sha256, findings=(finding,))


def _score_or_quarantine(
    path: Path, sha256: str, scorer: Scorer | None, outbox: Path, settings: Settings
) -> FileOutcome:
    try:
        return _score(path, sha256, scorer, outbox, settings)
    except UnreadableFileError as error:
        findings = error.findings
    except DataError as error:
        finding = Finding("error", "not-scorable", "file", str(error), "a file the bundle can score", "see found")
        findings = (finding,)
    if not path.is_file() or sha256_file(path) != sha256:
        raise ChangedError(f"{path}: changed while it was read; left for the next run")
    reason = quarantine(outbox, path, sha256, findings)
    return FileOutcome(path=str(path), fate="quarantined", sha256=sha256, outputs=(str(reason),), findings=findings)


def _score(path: Path, sha256: str, scorer: Scorer | None, outbox: Path, settings: Settings) -> FileOutcome:
    recording = read(path, aliases=settings.aliases, positions=settings.header_positions)
    if scorer is None:
        raise DataError(f"{path.name} was read, but no kind of bundle takes {path.suffix}")
    if recording.source.sha256 != sha256:
        raise ChangedError(f"{path}: changed before it was read; left for the next run")
    bundle = _bundle(scorer.folder)
    with _ONE_NETWORK:
        scores = bundle.score(recording)
    goal = publish(outbox, recording, scores, scorer.label)
    return FileOutcome(
        path=str(path),
        fate="scored",
        sha256=sha256,
        rows=len(scores.score),
        flagged=int(scores.is_anomaly.sum()),
        outputs=goal.published(),
        findings=recording.findings,
    )


def _write_down(ledger: Engine, key: Key, outcome: FileOutcome) -> None:
    if outcome.fate == "left":
        release(ledger, key)
        return
    states: dict[str, Any] = {"scored": "published", "quarantined": "quarantined", "failed": "failed"}
    reason = "" if outcome.fate == "scored" else "; ".join(str(finding) for finding in outcome.findings)
    settle(ledger, key, Outcome(states[outcome.fate], reason, outcome.outputs, outcome.seconds))


def _left(path: Path, sha256: str, code: str, found: str, remedy: str) -> FileOutcome:
    finding = Finding("error", code, "file", found, "a file that can be scored", remedy)
    return FileOutcome(path=str(path), fate="left", sha256=sha256, findings=(finding,))


@lru_cache(maxsize=4)
def _bundle(folder: str) -> Bundle:
    return Bundle.load(Path(folder))
