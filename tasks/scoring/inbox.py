"""Scoring of an inbox: its listing, batches for the workers, and what concerns the whole run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aemodels.core.errors import SondeflowError
from aemodels.core.findings import Finding
from aemodels.core.progress import tell
from aemodels.io.formats import kind_of
from aemodels.io.remote import is_url
from tasks.dask_worker import worker_name
from tasks.ledger import await_dead, count_recent, dead_owners, finished, owners_in_progress
from tasks.scoring.arrivals import arrived_since, recheck, split_complete
from tasks.scoring.batch import drain_batch
from tasks.scoring.choose_bundle import choose_scorers, claim_request, model_address
from tasks.scoring.places.inbox import OUTPUT_FOLDERS, Arrival, list_inbox
from tasks.scoring.request import FileOutcome, FilledRequest, ScoreSummary, summarise
from tasks.scoring.worker_session import AT_ONCE, Keep, WorkerSession, remove_dead_workers, worker_session
from tasks.settings import Settings

RECENT = timedelta(days=1)
KEEP_SECONDS = 60.0  # a worker that gets no further batch of its run for so long ends its scoring processes


class BlockedError(SondeflowError):
    """Scores cannot be written, for a reason that affects every file."""


@dataclass(frozen=True)
class Inbox:
    """Listing of an inbox: batches to score, files that may still be changing, and outcomes that are known already."""

    batches: tuple[tuple[Arrival, ...], ...] = ()
    unsettled: tuple[Arrival, ...] = ()
    outcomes: tuple[FileOutcome, ...] = ()

    @property
    def files(self) -> int:
        """Number of files in the batches."""
        return sum(len(batch) for batch in self.batches)


def score_inbox(request: FilledRequest, settings: Settings) -> ScoreSummary:
    """Score every file that the ledger does not contain, in this process: as the flow does, but without a server.

    Raises:
        BlockedError: if scores cannot be written; the next run takes the remaining files.
    """
    with worker_session(settings, request.outbox), ThreadPoolExecutor(settings.workers) as threads:

        def drain(inbox: Inbox) -> list[FileOutcome]:
            if inbox.files:
                tell("score %d files", inbox.files)
            shared = request.shared(inbox.files, settings.workers)
            done = threads.map(lambda batch: score_batch(batch, shared, settings), inbox.batches)
            return [outcome for batch in done for outcome in batch]

        tell("find arrivals in %s", request.inbox)
        first = find_arrivals(request, settings)
        outcomes = [*first.outcomes, *drain(first)]
        if first.unsettled:
            late = recheck_unsettled(first.unsettled, request, settings)
            outcomes += [*late.outcomes, *drain(late)]
    return check_outbox(summarise(outcomes))


def find_arrivals(request: FilledRequest, settings: Settings) -> Inbox:
    """Find the files that need scoring, in batches, after removing the temporary files of dead workers."""
    _check_apart(request)
    with worker_session(settings, request.outbox) as session:
        remove_dead_workers(session)
        seen = list_inbox(request.inbox, request.outbox)
        complete, unsettled = split_complete(session.ledger, seen.arrivals, request.settle_seconds)
        if request.since is not None:
            complete, unsettled = (
                [a for a in some if arrived_since(a, request.since)] for some in (complete, unsettled)
            )
        pending, outcomes = _without_finished(session, complete, request)
    outcomes += [FileOutcome(path=path, fate="left", findings=(finding,)) for path, finding in seen.problems]
    return Inbox(batches=_batches(pending, request, settings), unsettled=tuple(unsettled), outcomes=tuple(outcomes))


def recheck_unsettled(unsettled: Sequence[Arrival], request: FilledRequest, settings: Settings) -> Inbox:
    """Find the files that stayed unchanged over the settling time; those that still change are left."""
    complete, growing = recheck(unsettled, request.settle_seconds)
    return Inbox(
        batches=_batches(complete, request, settings), outcomes=tuple(_arriving(arrival) for arrival in growing)
    )


def score_batch(
    arrivals: Sequence[Arrival], request: FilledRequest, settings: Settings, keep: Keep = AT_ONCE
) -> list[FileOutcome]:
    """Score a batch of files with the present champions; one file's failure does not affect the others."""
    with worker_session(settings, request.outbox, keep) as session:
        return drain_batch(session, arrivals, request)


def score_told(
    arrivals: Sequence[Arrival], request: FilledRequest, settings: Settings, run: str
) -> tuple[str, list[FileOutcome]]:
    """Score a batch on a worker of a cluster, which keeps its models for the next batch of the run.

    Returns:
        Who did what in which time, and the outcomes.
    """
    keep = Keep(run, KEEP_SECONDS) if settings.task_runner == "dask" else AT_ONCE
    began = time.monotonic()
    outcomes = score_batch(arrivals, request, settings, keep)
    fates = Counter(outcome.fate for outcome in outcomes)
    counts = ", ".join(f"{count} {fate}" for fate, count in sorted(fates.items()))
    return f"{worker_name()}: {len(arrivals)} files in {time.monotonic() - began:.1f} s: {counts}", outcomes


def find_abandoned(
    arrivals: Sequence[Arrival], outcomes: Sequence[FileOutcome], request: FilledRequest, settings: Settings
) -> Inbox:
    """Find the files of this run that lost workers hold, after waiting for their leases to expire.

    Files that a live worker holds, of this run or another, are left to it. The temporary files of lost workers are
    removed.

    Args:
        arrivals: files of the run.
        outcomes: their outcomes so far.
        request: as for `find_arrivals`.
        settings: as for `find_arrivals`.
    """
    skipped = {outcome.path: outcome.sha256 for outcome in outcomes if outcome.fate == "skipped" and outcome.sha256}
    with worker_session(settings, request.outbox) as session:
        owners = owners_in_progress(session.ledger, set(skipped.values()))
        await_dead(session.ledger, set(owners.values()) - {session.owner})
        remove_dead_workers(session)
        held = owners_in_progress(session.ledger, set(owners))
        dead = dead_owners(session.ledger, set(held.values()))
    lost = [arrival for arrival in arrivals if held.get(skipped.get(arrival.shown, "")) in dead]
    return Inbox(batches=_batches(lost, request, settings))


def check_outbox(summary: ScoreSummary) -> ScoreSummary:
    """Return the summary if scores could be written.

    Raises:
        BlockedError: if not, with the cause; earlier outputs stay published.
    """
    causes = [f for outcome in summary.outcomes for f in outcome.findings if f.code == "blocked"]
    if causes:
        raise BlockedError(
            f"{causes[0].found}; expected a writable outbox and a readable bundle; {summary.scored} files were "
            f"published before, {len(causes)} are left for the next run; {causes[0].remedy}"
        )
    return summary


def recent_outcomes(session: WorkerSession) -> tuple[int, int]:
    """Return the number of contents of the last day, and of those in quarantine."""
    return count_recent(session.ledger, (datetime.now(UTC) - RECENT).isoformat())


def model_links(summary: ScoreSummary, settings: Settings) -> Mapping[str, str]:
    """Return the page in MLflow by label of each model that scored."""
    labels = {outcome.model for outcome in summary.outcomes if outcome.fate == "scored" and outcome.model}
    parts = {label: label.rpartition("-v") for label in labels}
    return {
        label: model_address(settings, name, version)
        for label, (name, _, version) in parts.items()
        if version.isdigit()
    }


def _check_apart(request: FilledRequest) -> None:
    """Check that the inbox is no folder of outputs, which would be scored again and again.

    Raises:
        BlockedError: if it is.
    """
    inbox = Path(request.inbox.removeprefix("file://"))
    outbox = request.outbox.rstrip("/")
    if is_url(request.inbox) and f"{request.inbox}/".startswith(tuple(f"{outbox}/{name}/" for name in OUTPUT_FOLDERS)):
        raise BlockedError(f"the inbox {request.inbox} lies in {outbox}, where outputs go; choose another of them")
    for name in OUTPUT_FOLDERS:
        folder = (Path(request.outbox) / name).resolve()
        if not is_url(request.inbox) and inbox.resolve().is_relative_to(folder):
            raise BlockedError(f"the inbox {inbox} lies in {folder}, where outputs go; choose another inbox or outbox")


def _without_finished(
    session: WorkerSession, arrivals: Sequence[Arrival], request: FilledRequest
) -> tuple[list[Arrival], list[FileOutcome]]:
    """Skip files whose content is known to be finished, without reading them; return (remaining, skipped)."""
    known = [arrival for arrival in arrivals if arrival.sha256]
    if not known:
        return list(arrivals), []
    scorers = choose_scorers({kind_of(arrival.path) for arrival in known}, request, session.settings)
    asked = {arrival.path: claim_request(arrival.path, arrival.sha256, scorers, request) for arrival in known}
    claim_requests = {path: one for path, one in asked.items() if one is not None}
    settled = finished(session.ledger, list(claim_requests.values()))
    done = {path for path, one in claim_requests.items() if one.key in settled}
    skipped = [
        FileOutcome(path=arrival.shown, fate="skipped", sha256=arrival.sha256)
        for arrival in known
        if arrival.path in done
    ]
    return [arrival for arrival in arrivals if arrival.path not in done], skipped


def _batches(
    arrivals: Sequence[Arrival], request: FilledRequest, settings: Settings
) -> tuple[tuple[Arrival, ...], ...]:
    """Return batches of at most the requested size, so many that every worker gets the same number of them."""
    rounds = -(-len(arrivals) // (settings.workers * request.batch))
    size = max(1, -(-len(arrivals) // max(1, settings.workers * rounds)))
    return tuple(tuple(arrivals[start : start + size]) for start in range(0, len(arrivals), size))


def _arriving(arrival: Arrival) -> FileOutcome:
    found = "it changed within the settling time, or is younger than that"
    remedy = "none needed; the next run takes it"
    finding = Finding("info", "still-arriving", "file", found, "a file that has stopped changing", remedy)
    return FileOutcome(path=arrival.shown, fate="left", findings=(finding,))
