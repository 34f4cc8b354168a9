"""Scoring of named files at once, without ledger, registry or server: for a first look, and for scripts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from aemodels.core.errors import BundleError, UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.formats import kind_of
from aemodels.io.volume.store import is_store_folder
from aemodels.review.document import is_review
from tasks.scoring.arrivals import Identified, identify_supervised
from tasks.scoring.choose_bundle import choose_scorers, remedy
from tasks.scoring.places.inbox import Arrival, list_inbox, store_arrival
from tasks.scoring.places.quarantine import quarantine
from tasks.scoring.places.staged import ChangedError, discard, publish
from tasks.scoring.process_pool import ProcessPool, WorkerProcessError, limits_for
from tasks.scoring.request import FileOutcome, Job, Scorer, ScoreRequest, ScoreSummary, ScoringResult, summarise
from tasks.scoring.start_worker import StartedWorker
from tasks.settings import Settings
from tasks.storage.scratch import new_scratch

SCORED = "scored"  # folder of the outputs, beside what is scored
_KEEP = "keep it with `sondeflow reviews add`"
_REVIEW = Finding("info", "other-kind", "file", "a review of flags", "a log or traces", _KEEP)


@dataclass(frozen=True)
class _Listed:
    """A file to score, the folder or file that was named, and its outbox."""

    arrival: Arrival
    root: Path
    outbox: Path

    @property
    def path(self) -> Path:
        return Path(self.arrival.path)


def score_files(
    paths: Sequence[Path],
    settings: Settings,
    *,
    outbox: Path | None = None,
    bundle: str | None = None,
    started: StartedWorker | None = None,
) -> ScoreSummary:
    """Score files and folders now, whether or not they were scored before; inputs are never changed.

    Each file is scored by a supervised process, as in the scheduled flow, and has the same outputs.

    Args:
        paths: files and folders (with all that lies below).
        settings: workers and limits; the ledger is not touched.
        outbox: folder of the outputs; None = a folder "scored" in that of each file, or inside a folder that is given.
        bundle: what `open_scorer` takes; None = the champions, else the bundles that come with the package.
        started: a process that was started early, the first to score.

    Raises:
        FileNotFoundError: if a path does not exist.
        BundleError: if the bundle does not exist or is damaged.
        NoModelError: if the registry has no such model.
    """
    listed, outcomes = _list(paths, outbox)
    request = ScoreRequest(bundle=bundle).filled(settings)
    scorers = choose_scorers({kind_of(item.path) for item in listed}, request, settings)
    scored = []
    for item in listed:
        kind = kind_of(item.path)
        if kind is not None and kind not in scorers:
            finding = Finding("error", "no-bundle", "file", *_missing(kind))
            outcomes.append(FileOutcome(path=item.arrival.shown, fate="left", findings=(finding,)))
        else:
            scored.append((item, scorers.get(kind or "")))
    return summarise([*outcomes, *_score(scored, settings, started)])


def _list(paths: Sequence[Path], outbox: Path | None) -> tuple[list[_Listed], list[FileOutcome]]:
    listed: dict[Path, _Listed] = {}
    outcomes: list[FileOutcome] = []
    for path in paths:
        store = is_store_folder(path)
        target = outbox or (path if path.is_dir() and not store else path.parent) / SCORED
        if store:
            listed.setdefault(path.resolve(), _Listed(store_arrival(path), path, target))
            continue
        found = list_inbox(str(path), target)
        outcomes += [FileOutcome(path=shown, fate="left", findings=(finding,)) for shown, finding in found.problems]
        for arrival in found.arrivals:
            if is_review(arrival.path):
                outcomes.append(FileOutcome(path=arrival.shown, fate="left", findings=(_REVIEW,)))
                continue
            listed.setdefault(Path(arrival.path).resolve(), _Listed(arrival, path, target))
    return list(listed.values()), outcomes


def _why(error: Exception) -> tuple[Finding, ...]:
    if isinstance(error, UnreadableFileError):
        return error.findings
    if isinstance(error, WorkerProcessError):
        remedy = "check the disk or the mount, or raise SONDEFLOW_FILE_SECONDS"
        return (Finding("error", error.code, "file", error.found, "a file that can be read", remedy),)
    remedy = "score it again once it stays as it is"
    return (Finding("error", "not-readable", "file", str(error), "a readable file", remedy),)


def _missing(kind: str) -> tuple[str, str, str]:
    found, what_to_do = remedy(kind)
    return found, f"a bundle that scores {kind} files", what_to_do


def _job(item: _Listed, found: Identified, scorer: Scorer | None, settings: Settings) -> Job:
    return Job(
        path=str(found.local),
        source=item.arrival.shown,
        sha256=found.sha256,
        scorer=scorer,
        outbox=str(item.outbox),
        temp_prefix=f"d{uuid.uuid4().hex[:12]}",
        aliases=str(settings.aliases) if settings.aliases else None,
        positions=settings.header_positions,
        limits=settings.limits,
    )


def _score(
    items: Sequence[tuple[_Listed, Scorer | None]], settings: Settings, started: StartedWorker | None
) -> list[FileOutcome]:
    workers = min(settings.workers, len(items))
    if not workers:
        return []
    limits = limits_for(
        workers, seconds=settings.file_seconds, memory_mb=settings.memory_mb, tries=settings.max_attempts
    )
    pool, scratch = ProcessPool(limits, started), new_scratch()  # copies of files whose names are not text
    try:
        with ThreadPoolExecutor(workers) as threads:
            shares = threads.map(
                lambda start: list(_finish(pool, items[start::workers], settings, scratch.folder)), range(workers)
            )
            return [outcome for share in shares for outcome in share]
    finally:
        pool.shutdown()
        scratch.remove()


def _finish(
    pool: ProcessPool, items: Sequence[tuple[_Listed, Scorer | None]], settings: Settings, folder: Path
) -> Iterator[FileOutcome]:
    """Identify each file, and publish or quarantine it as soon as it is scored."""
    jobs: list[Job] = []
    for item, scorer in items:
        try:
            found = identify_supervised(pool.ask, item.arrival, folder, str(item.root), settings.limits)
        except (UnreadableFileError, ChangedError, WorkerProcessError, OSError) as error:
            yield FileOutcome(path=item.arrival.shown, fate="left", findings=_why(error))
        else:
            jobs.append(_job(item, found, scorer, settings))
    for job, result in pool.score_all(jobs):
        try:
            yield _outcome(job, result)
        finally:
            discard(result.staged)


def _outcome(job: Job, result: ScoringResult) -> FileOutcome:
    """Publish a scored file, copy an unusable one to the quarantine.

    Raises:
        BundleError: if the scores cannot be written or the bundle cannot be used, which concerns every file.
    """
    if result.status == "blocked":
        raise BundleError(f"{job.source} cannot be scored: {result.text}")
    findings = result.findings or ((_finding(result),) if result.status != "scored" else ())
    known = {
        "path": job.source,
        "sha256": job.sha256,
        "model": str(job.scorer.label) if job.scorer else "",
        "seconds": round(sum(result.timings.values()), 3),
        "findings": findings,
    }
    if result.status == "scored":
        publish([result.staged])
        return FileOutcome.model_validate({**known, **result.counts, "fate": "scored", "outputs": result.outputs})
    if result.status == "changed" or Path(job.path).is_dir():  # a store is not copied
        return FileOutcome.model_validate({**known, "fate": "left"})
    try:
        paths = quarantine(job.destination, Path(job.path), job.source, job.sha256, findings)
    except ChangedError:
        return FileOutcome.model_validate({**known, "fate": "left"})
    return FileOutcome.model_validate({**known, "fate": "quarantined", "outputs": (str(paths[-1]),)})


def _finding(result: ScoringResult) -> Finding:
    if result.status == "changed":
        remedy = "score it again once it is complete"
        return Finding("info", "changed", "file", result.text, "a file that stays as it is", remedy)
    remedy = "report this error with the file"
    return Finding("error", result.status, "file", result.text, "a file that can be scored", remedy)
