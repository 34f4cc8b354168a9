"""One batch: identify, claim, have it scored, publish, settle. Each file's fate is its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.files.hashing import sha256_file
from aemodels.io.formats import kind_of
from tasks.ledger import Claim, Settlement, claim, release, settle
from tasks.scoring.arrivals import Arrival, Identified, identify, remember_hashes
from tasks.scoring.choose_bundle import choose_scorers, remedy, wanted
from tasks.scoring.file import Job, Scorer, Verdict
from tasks.scoring.outbox import ChangedError, discard, publish, quarantine
from tasks.scoring.request import FileOutcome, FilledRequest
from tasks.scoring.worker_session import Desk

GROUP = 16  # files published together: one transaction and one flush of each folder for all of them
GROUP_SECONDS = 1.0


@dataclass(frozen=True)
class Task:
    """A claimed file and its job."""

    claim: Claim
    job: Job


@dataclass(frozen=True)
class Done:
    """A task and its verdict."""

    task: Task
    verdict: Verdict

    def outcome(self, fate: str, **more: object) -> FileOutcome:
        """What became of the file."""
        scorer = self.task.job.scorer
        known = {
            "path": self.task.job.source,
            "sha256": self.task.job.sha256,
            "model": str(scorer.label) if scorer else "",
            "seconds": round(sum(self.verdict.timings.values()), 3),
        }
        return FileOutcome.model_validate({**known, "fate": fate, **more})

    def left(self, code: str, text: str, severity: str = "error") -> FileOutcome:
        """An outcome of a file that stays as it is, and why."""
        finding = _finding(code, text, severity)
        return self.outcome("failed" if severity == "error" else "left", findings=(finding,))


def drain_batch(desk: Desk, arrivals: Sequence[Arrival], request: FilledRequest) -> list[FileOutcome]:
    """Score a batch of files; what other workers have claimed, or anybody has scored, is skipped."""
    if desk.blocked:
        return [_left(arrival.shown, "", "blocked", desk.blocked) for arrival in arrivals]
    found, outcomes = _identify_all(desk, arrivals)
    scorers = choose_scorers({kind_of(item.arrival.path) for item in found}, request, desk.settings)
    tasks, others = _claim_all(desk, found, scorers, request)
    outcomes += others
    open_claims = {task.claim.row: task.claim for task in tasks}
    try:
        for outcome, row in _work_off(desk, tasks):
            open_claims.pop(row)
            outcomes.append(outcome)
    finally:
        release(desk.ledger, open_claims.values())
    undone = [task for task in tasks if task.claim.row in open_claims]
    return outcomes + [_left(task.job.source, task.job.sha256, "blocked", desk.blocked) for task in undone]


def _identify_all(desk: Desk, arrivals: Sequence[Arrival]) -> tuple[list[Identified], list[FileOutcome]]:
    found: list[Identified] = []
    outcomes: list[FileOutcome] = []
    for arrival in arrivals:
        try:
            found.append(identify(arrival, desk.folder))
        except ChangedError as error:
            outcomes.append(_left(arrival.shown, "", "changed", str(error), "info"))
        except UnreadableFileError as error:
            outcomes.append(FileOutcome(path=arrival.shown, fate="left", findings=error.findings))
        except OSError as error:
            outcomes.append(_left(arrival.shown, "", "not-readable", f"{type(error).__name__}: {error.strerror}"))
    remember_hashes(desk.ledger, found)
    return found, outcomes


def _claim_all(
    desk: Desk, found: Sequence[Identified], scorers: Mapping[str, Scorer], request: FilledRequest
) -> tuple[list[Task], list[FileOutcome]]:
    """Tasks for the contents that were had; of several names of one content the first."""
    wishes = [(item, wanted(item.arrival.path, item.sha256, scorers, request)) for item in found]
    first = {wish.key: wish for _, wish in reversed(wishes) if wish is not None}
    claims = claim(desk.ledger, list(first.values()), owner=desk.owner, max_attempts=desk.settings.max_attempts)
    tasks, outcomes = [], []
    for item, wish in wishes:
        path = item.arrival.shown
        if wish is None:
            outcomes.append(_left(path, item.sha256, "no-bundle", *remedy(kind_of(item.arrival.path) or "")))
        elif wish.key in claims:
            taken = claims.pop(wish.key)
            tasks.append(Task(taken, _job(desk, item, scorers.get(kind_of(item.arrival.path) or ""), taken, request)))
        else:
            outcomes.append(FileOutcome(path=path, fate="skipped", sha256=item.sha256))
    return tasks, outcomes


def _job(desk: Desk, item: Identified, scorer: Scorer | None, taken: Claim, request: FilledRequest) -> Job:
    if scorer is not None and taken.rebuilt:  # the same number with another bundle: filed beside it
        version = f"{scorer.version}+{scorer.content_hash[:8]}"
        scorer = scorer.model_copy(update={"version": version})
    aliases = desk.settings.aliases
    return Job(
        path=str(item.local),
        source=item.arrival.shown,
        sha256=item.sha256,
        scorer=scorer,
        outbox=request.outbox,
        beside=taken.beside or request.backfill,
        mark=f"{desk.mark}-{taken.row}",
        aliases=str(aliases) if aliases else None,
        positions=desk.settings.header_positions,
        limits=desk.settings.limits,
    )


def _work_off(desk: Desk, tasks: Sequence[Task]) -> Iterator[tuple[FileOutcome, int]]:
    """Outcomes with their claims' rows; ends early where the outbox takes nothing any more."""
    by_mark = {task.job.mark: task for task in tasks}
    group: list[Done] = []
    began = time.monotonic()
    verdicts = desk.crew.score_all([task.job for task in tasks])
    for job, verdict in verdicts:
        group.append(Done(by_mark[job.mark], verdict))
        if len(group) >= GROUP or time.monotonic() - began > GROUP_SECONDS or verdict.end == "blocked":
            yield from _finish(desk, group)
            group, began = [], time.monotonic()
        if desk.blocked:
            verdicts.close()
            return
    yield from _finish(desk, group)


def _finish(desk: Desk, group: Sequence[Done]) -> Iterator[tuple[FileOutcome, int]]:
    scored = [done for done in group if done.verdict.end == "scored"]
    for done, outcome in zip(scored, _publish(desk, scored), strict=True):
        yield outcome, done.task.claim.row
    for done in group:
        if done.verdict.end != "scored":
            yield _dispose(desk, done), done.task.claim.row


def _publish(desk: Desk, scored: Sequence[Done]) -> list[FileOutcome]:
    """Write down the hashes, rename, write down that it is done; a claim that was taken over publishes nothing."""
    ours = settle(desk.ledger, [_settlement(done, "scored") for done in scored])
    kept = [done for done in scored if done.task.claim.row in ours]
    try:
        publish([done.verdict.staged for done in kept])
    except OSError as error:
        desk.blocked = f"{type(error).__name__}: {error}"
        release(desk.ledger, [done.task.claim for done in kept])
        return [done.left("blocked", desk.blocked) for done in scored]
    finally:
        discard(item for done in scored for item in done.verdict.staged)
    settle(desk.ledger, [_settlement(done, "published") for done in kept])
    return [_scored(done) if done.task.claim.row in ours else done.outcome("skipped") for done in scored]


def _dispose(desk: Desk, done: Done) -> FileOutcome:
    """What happens to a file that was not scored."""
    verdict, taken = done.verdict, done.task.claim
    if verdict.end == "changed":
        release(desk.ledger, [taken])
        return done.left("changed", verdict.text, "info")
    if verdict.end == "blocked":
        desk.blocked = verdict.text
        release(desk.ledger, [taken])
        return done.left("blocked", verdict.text)
    if verdict.end == "failed" and taken.failures + 1 < desk.settings.max_attempts:
        finding = _finding("failed", verdict.text)
        settle(desk.ledger, [Settlement(taken, "failed", str(finding))])
        return done.outcome("failed", findings=(finding,))
    return _quarantine(desk, done, verdict.findings or (_finding("failed", verdict.text),))


def _quarantine(desk: Desk, done: Done, findings: tuple[Finding, ...]) -> FileOutcome:
    job, taken = done.task.job, done.task.claim
    try:
        if sha256_file(Path(job.path)) != job.sha256:
            raise FileNotFoundError(job.path)
        paths = quarantine(job.place, Path(job.path), job.source, job.sha256, findings)
    except FileNotFoundError:
        release(desk.ledger, [taken])
        return done.left("changed", f"{job.source}: changed or gone before it was put aside", "info")
    except OSError as error:
        desk.blocked = f"{type(error).__name__}: {error}"
        release(desk.ledger, [taken])
        return done.left("blocked", desk.blocked)
    hashes = {str(path): sha256_file(path) for path in paths}
    reason = "; ".join(str(finding) for finding in findings)
    settle(desk.ledger, [Settlement(taken, "quarantined", reason, hashes)])
    return done.outcome("quarantined", outputs=(str(paths[-1]),), findings=findings)


def _settlement(done: Done, state: str) -> Settlement:
    verdict = done.verdict
    hashes = {item.target: item.sha256 for item in reversed(verdict.staged)}
    seconds = round(sum(verdict.timings.values()), 4)
    return Settlement(done.task.claim, state, "", hashes, verdict.timings, seconds)  # type: ignore[arg-type]


def _scored(done: Done) -> FileOutcome:
    verdict = done.verdict
    outputs = tuple(item.target for item in reversed(verdict.staged))
    return done.outcome(
        "scored", rows=verdict.rows, flagged=verdict.flagged, outputs=outputs, findings=verdict.findings
    )


REMEDIES = {
    "changed": "none needed: the next run takes it",
    "blocked": "see the disk, its space and its permissions; the next run takes the file",
    "not-readable": "chmod it, or get it again",
    "failed": "it is tried again; else see the log",
}


def _left(path: str, sha256: str, code: str, found: str, what: str = "error") -> FileOutcome:
    """A file left as it is; `what` is the finding's severity, or the remedy of an error."""
    severity = what if what in {"error", "info"} else "error"
    finding = _finding(code, found, severity, "" if what == severity else what)
    return FileOutcome(path=path, fate="left", sha256=sha256, findings=(finding,))


def _finding(code: str, found: str, severity: str = "error", remedy: str = "") -> Finding:
    return Finding(severity, code, "file", found, "a file that can be scored", remedy or REMEDIES.get(code, ""))  # type: ignore[arg-type]
