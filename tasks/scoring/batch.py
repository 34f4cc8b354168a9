"""Scoring of one batch: identify, claim, score, publish, record. One file's failure does not affect the others."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.formats import kind_of
from aemodels.review.document import Review
from tasks.ledger import (
    Claim,
    ClaimOutcome,
    acquire_claims,
    record_outcomes,
    release_claims,
    remove_retried,
)
from tasks.ledger.reviews import add_review
from tasks.scoring.arrivals import Identified, identify_supervised, save_hashes
from tasks.scoring.choose_bundle import choose_scorers, claim_request, remedy
from tasks.scoring.places.inbox import Arrival, open_inbox
from tasks.scoring.places.quarantine import quarantine_supervised
from tasks.scoring.places.staged import ChangedError, discard
from tasks.scoring.process_pool import WorkerProcessError
from tasks.scoring.request import FileOutcome, FilledRequest, Job, Scorer, ScoringResult
from tasks.scoring.worker_session import WorkerSession

GROUP_FILES = 16  # files published together, with one transaction and one flush per folder
GROUP_SECONDS = 1.0


@dataclass(frozen=True)
class ScoringTask:
    """A claimed file and its job."""

    claim: Claim
    job: Job


@dataclass(frozen=True)
class FinishedTask:
    """A scoring task and its result."""

    task: ScoringTask
    result: ScoringResult

    def outcome(self, fate: str, **more: object) -> FileOutcome:
        """Return the outcome of the file with the given status."""
        scorer = self.task.job.scorer
        known = {
            "path": self.task.job.source,
            "sha256": self.task.job.sha256,
            "model": str(scorer.label) if scorer else "",
            "seconds": round(sum(self.result.timings.values()), 3),
        }
        return FileOutcome.model_validate({**known, "fate": fate, **more})

    def left(self, code: str, text: str, severity: str = "error") -> FileOutcome:
        """Return the outcome of a file that is left as it is, with the reason."""
        finding = _finding(code, text, severity)
        return self.outcome("failed" if severity == "error" else "left", findings=(finding,))


def drain_batch(session: WorkerSession, arrivals: Sequence[Arrival], request: FilledRequest) -> list[FileOutcome]:
    """Score a batch of files; contents that are claimed by other workers or already scored are skipped."""
    if session.blocked:
        return [_left_outcome(arrival.shown, "", "blocked", session.blocked) for arrival in arrivals]
    found, outcomes = identify_all(session, arrivals, request.inbox)
    scorers = choose_scorers({kind_of(item.arrival.path) for item in found}, request, session.settings)
    tasks, others = claim_all(session, found, scorers, request)
    outcomes += others
    open_claims = {task.claim.row: task.claim for task in tasks}
    try:
        for outcome, row in _score_tasks(session, tasks):
            open_claims.pop(row)
            outcomes.append(outcome)
    finally:
        release_claims(session.ledger, open_claims.values())
        for item in found:
            remove_copy(session, item.local)
    undone = [task for task in tasks if task.claim.row in open_claims]
    return outcomes + [_left_outcome(task.job.source, task.job.sha256, "blocked", session.blocked) for task in undone]


def identify_all(
    session: WorkerSession, arrivals: Sequence[Arrival], inbox: str
) -> tuple[list[Identified], list[FileOutcome]]:
    """Hash files and record their hashes; return the files, and the outcomes of those that cannot be read."""
    with ThreadPoolExecutor(open_inbox(inbox).at_once) as threads:
        results = list(threads.map(lambda arrival: _identify(session, arrival, inbox), arrivals))
    found = [item for item in results if isinstance(item, Identified)]
    save_hashes(session.ledger, found)
    return found, [item for item in results if isinstance(item, FileOutcome)]


def _identify(session: WorkerSession, arrival: Arrival, inbox: str) -> Identified | FileOutcome:
    """Return a file with its hash, or its outcome if it cannot be read."""
    try:
        return identify_supervised(session.pool.ask, arrival, session.folder, inbox, session.settings.limits)
    except ChangedError as error:
        return _left_outcome(arrival.shown, "", "changed", str(error), "info")
    except UnreadableFileError as error:
        return FileOutcome(path=arrival.shown, fate="left", findings=error.findings)
    except WorkerProcessError as error:
        return _left_outcome(arrival.shown, "", error.code, error.found)
    except OSError as error:
        return _left_outcome(arrival.shown, "", "not-readable", f"{type(error).__name__}: {error.strerror}")


def remove_copy(session: WorkerSession, local: Path) -> None:
    """Remove the copy of a remote file, if it is one, so that a long run needs no more space than a batch."""
    if local.is_relative_to(session.folder):
        shutil.rmtree(local.parent, ignore_errors=True)


def claim_all(
    session: WorkerSession, found: Sequence[Identified], scorers: Mapping[str, Scorer], request: FilledRequest
) -> tuple[list[ScoringTask], list[FileOutcome]]:
    """Return a task per granted claim; of several names of one content the first is scored."""
    claim_requests = [(item, claim_request(item.arrival.path, item.sha256, scorers, request)) for item in found]
    unique = {asked.key: asked for _, asked in reversed(claim_requests) if asked is not None}
    settings = session.settings
    claims = acquire_claims(
        session.ledger, list(unique.values()), owner=session.owner, max_attempts=settings.max_attempts
    )
    tasks, outcomes = [], []
    for item, asked in claim_requests:
        path = item.arrival.shown
        kind = kind_of(item.arrival.path) or ""
        if asked is None:
            outcomes.append(_left_outcome(path, item.sha256, "no-bundle", *remedy(kind)))
        elif asked.key in claims:
            claim = claims.pop(asked.key)
            tasks.append(ScoringTask(claim, _job(session, item, scorers.get(kind), claim, request)))
        else:
            outcomes.append(FileOutcome(path=path, fate="skipped", sha256=item.sha256))
    return tasks, outcomes


def _job(session: WorkerSession, item: Identified, scorer: Scorer | None, claim: Claim, request: FilledRequest) -> Job:
    if scorer is not None and claim.rebuilt:  # same version number, another bundle: its outputs are filed separately
        version = f"{scorer.version}+{scorer.content_hash[:8]}"
        scorer = scorer.model_copy(update={"version": version})
    aliases = session.settings.aliases
    return Job(
        path=str(item.local),
        source=item.arrival.shown,
        sha256=item.sha256,
        scorer=scorer,
        outbox=str(session.outbox.folder),
        own_folder=claim.own_folder or request.backfill,
        temp_prefix=f"{session.temp_prefix}-{claim.row}",
        aliases=str(aliases) if aliases else None,
        positions=session.settings.header_positions,
        limits=session.settings.limits,
        per_process=request.per_process,
    )


def _score_tasks(session: WorkerSession, tasks: Sequence[ScoringTask]) -> Iterator[tuple[FileOutcome, int]]:
    """Yield (outcome, row of the claim) per task; stop early if outputs cannot be written."""
    by_prefix = {task.job.temp_prefix: task for task in tasks}
    group: list[FinishedTask] = []
    began = time.monotonic()
    results = session.pool.score_all([task.job for task in tasks])
    try:
        for job, result in results:
            group.append(FinishedTask(by_prefix[job.temp_prefix], result))
            if len(group) >= GROUP_FILES or time.monotonic() - began > GROUP_SECONDS or result.status == "blocked":
                yield from finish(session, group)
                group, began = [], time.monotonic()
            if session.blocked:  # by this batch, or by another one
                results.close()
                return
        yield from finish(session, group)
    finally:
        discard(item for done in group for item in done.result.staged)  # of what is not published


def finish(session: WorkerSession, group: Sequence[FinishedTask]) -> Iterator[tuple[FileOutcome, int]]:
    """Publish or record the results of files; yield the outcome of each with the row of its claim."""
    scored = [_located(session, done) for done in group if done.result.status == "scored"]
    for done, outcome in zip(scored, _publish(session, scored), strict=True):
        yield outcome, done.task.claim.row
    for done in group:
        if done.result.status != "scored":
            yield _record_unscored(session, done), done.task.claim.row


def _publish(session: WorkerSession, scored: Sequence[FinishedTask]) -> list[FileOutcome]:
    """Record the hashes, rename the outputs, record them as published; lost claims publish nothing."""
    ours = record_outcomes(session.ledger, [_claim_outcome(done, "scored") for done in scored])
    kept = [done for done in scored if done.task.claim.row in ours]
    former = {path: digest for done in kept for path, digest in done.task.claim.former.items()}
    try:
        taken = session.outbox.publish([done.result.staged for done in kept if done.result.staged], former)
    except OSError as error:
        session.blocked = f"{type(error).__name__}: {error}"
        release_claims(session.ledger, [done.task.claim for done in kept])
        return [done.left("blocked", session.blocked) for done in scored]
    finally:
        discard(item for done in scored for item in done.result.staged)
    barred = {done.task.claim.row: set(done.result.outputs) & taken for done in kept}
    release_claims(session.ledger, [done.task.claim for done in kept if barred[done.task.claim.row]])
    kept = [done for done in kept if not barred[done.task.claim.row]]
    fresh = {done.task.claim.row for done in kept if not done.result.review or _keep_review(session, done.result)}
    record_outcomes(session.ledger, [_claim_outcome(done, "published") for done in kept])
    _replace_former(session, [(done.task, done.result.outputs) for done in kept])
    return [_published_outcome(done, barred.get(done.task.claim.row), fresh) for done in scored]


def _published_outcome(done: FinishedTask, barred: set[str] | None, fresh: set[int]) -> FileOutcome:
    """Return the outcome of a scored file.

    Args:
        done: the file.
        barred: names that have another finished result; None if the claim was lost.
        fresh: rows of what was published.
    """
    if barred:
        return done.left("object-exists", f"{min(barred)} holds another finished result")
    return _scored_outcome(done) if done.task.claim.row in fresh else done.outcome("skipped")


def _located(session: WorkerSession, done: FinishedTask) -> FinishedTask:
    """Return a result whose outputs have their final names in the outbox."""
    return replace(done, result=done.result.model_copy(update={"staged": session.outbox.located(done.result.staged)}))


def _keep_review(session: WorkerSession, result: ScoringResult) -> bool:
    """Keep the review of a result by its content; False if it was kept before."""
    return add_review(session.ledger, Review.model_validate_json(result.review))


def _record_unscored(session: WorkerSession, done: FinishedTask) -> FileOutcome:
    """Record the outcome of a file that was not scored."""
    result, claim = done.result, done.task.claim
    if result.status == "changed":
        release_claims(session.ledger, [claim])
        return done.left("changed", result.text, "info")
    if result.status == "blocked":
        session.blocked = result.text
        release_claims(session.ledger, [claim])
        return done.left("blocked", result.text)
    if result.status == "failed" and claim.failures + 1 < session.settings.max_attempts:
        finding = _finding("failed", result.text)
        record_outcomes(session.ledger, [ClaimOutcome(claim, "failed", str(finding))])
        return done.outcome("failed", findings=(finding,))
    return _quarantine(session, done, result.findings or (_finding("failed", result.text),))


def _quarantine(session: WorkerSession, done: FinishedTask, findings: tuple[Finding, ...]) -> FileOutcome:
    job, claim = done.task.job, done.task.claim
    try:
        file = (Path(job.path), job.source, job.sha256)
        paths = quarantine_supervised(session.pool.ask, job.destination, file, findings)
        hashes = session.outbox.publish_quarantine(paths)
    except (FileNotFoundError, ChangedError):
        release_claims(session.ledger, [claim])
        return done.left("changed", f"{job.source}: changed or removed before it was quarantined", "info")
    except (OSError, WorkerProcessError) as error:
        session.blocked = f"{type(error).__name__}: {error}"
        release_claims(session.ledger, [claim])
        return done.left("blocked", session.blocked)
    reason = "; ".join(str(finding) for finding in findings)
    if record_outcomes(session.ledger, [ClaimOutcome(claim, "quarantined", reason, hashes)]):
        _replace_former(session, [(done.task, tuple(hashes))])
    return done.outcome("quarantined", outputs=(list(hashes)[-1],), findings=findings)


def _replace_former(session: WorkerSession, outputs: Sequence[tuple[ScoringTask, Sequence[str]]]) -> None:
    """Remove what outcomes replace: files of earlier attempts in this outbox, and rows that asked for a retry."""
    for task, paths in outputs:
        session.outbox.remove_former(task.claim.former, paths)
    remove_retried(session.ledger, [task.claim for task, _ in outputs])


def _claim_outcome(done: FinishedTask, state: str) -> ClaimOutcome:
    result = done.result
    hashes = {item.target: item.sha256 for item in reversed(result.staged)}
    seconds = round(sum(result.timings.values()), 4)
    return ClaimOutcome(done.task.claim, state, "", hashes, result.timings, seconds)  # type: ignore[arg-type]


def _scored_outcome(done: FinishedTask) -> FileOutcome:
    result = done.result
    if result.review:
        return done.outcome("reviewed")
    return done.outcome("scored", outputs=result.outputs, findings=result.findings, **result.counts)


REMEDIES = {
    "changed": "none needed; the next run takes it",
    "blocked": "check the disk, its free space and permissions; the next run takes the file",
    "object-exists": "it is of another ledger: use that one, or another outbox; nothing there is overwritten",
    "not-readable": "change its permissions, or copy it again",
    "timed-out": "check the disk or the mount; the next run takes the file",
    "failed": "it is retried; if it fails again, see the log",
}


def _left_outcome(path: str, sha256: str, code: str, found: str, what: str = "error") -> FileOutcome:
    """Return the outcome of a file that is left; `what` is the finding's severity, or the remedy of an error."""
    severity = what if what in {"error", "info"} else "error"
    finding = _finding(code, found, severity, "" if what == severity else what)
    return FileOutcome(path=path, fate="left", sha256=sha256, findings=(finding,))


def _finding(code: str, found: str, severity: str = "error", remedy: str = "") -> Finding:
    return Finding(severity, code, "file", found, "a file that can be scored", remedy or REMEDIES.get(code, ""))  # type: ignore[arg-type]
