"""A large line of an inbox: claimed by the process of the flow, scored in ranges by workers, published by the flow."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from aemodels.io.files.gzip import is_packed
from aemodels.io.formats import find_format
from aemodels.io.remote import is_url
from tasks.scoring.arrivals import Arrival
from tasks.scoring.batch import FinishedTask, ScoringTask, claim_all, finish, identify_all
from tasks.scoring.choose_bundle import choose_scorers
from tasks.scoring.file import Job, ScoringResult
from tasks.scoring.inbox import Inbox
from tasks.scoring.line_ranges.plan import LinePart, read_plan
from tasks.scoring.request import FileOutcome, FilledRequest
from tasks.scoring.worker_session import AT_ONCE, Keep, WorkerSession, worker_session
from tasks.settings import Settings
from tasks.storage.code_version import READING, STUDYING, code_hash

DONE = ("scored", "quarantined", "skipped")


@dataclass(frozen=True)
class OpenLine:
    """A line that this run has claimed.

    Args:
        task: its claim and job.
        folder: of its plan and finished ranges.
        ranges: their number, 0 if it could not be planned.
        failed: result of the plan in that case.
    """

    task: ScoringTask
    folder: str
    ranges: int = 0
    failed: ScoringResult | None = None


def split_lines(inbox: Inbox, settings: Settings) -> tuple[Inbox, tuple[Arrival, ...]]:
    """Take the lines that are read block by block out of the batches; return the remaining batches, and the lines."""
    lines = tuple(arrival for batch in inbox.batches for arrival in batch if _is_large(arrival, settings))
    rest = (tuple(arrival for arrival in batch if arrival not in lines) for batch in inbox.batches)
    return replace(inbox, batches=tuple(batch for batch in rest if batch)), lines


def open_line(arrival: Arrival, request: FilledRequest, settings: Settings) -> OpenLine | FileOutcome:
    """Claim a line and plan its ranges; ranges that an earlier run has finished are kept.

    Call it in a process that has the session of the outbox open until the line is closed: it holds the claim.

    Returns:
        The line, or its outcome if there is nothing to score.
    """
    with worker_session(settings, request.outbox) as session:
        found, outcomes = identify_all(session, [arrival], request.inbox)
        if not found:
            return outcomes[0]
        tasks, outcomes = claim_all(session, found, choose_scorers({"seismic"}, request, settings), request)
        if not tasks:
            return outcomes[0]
        folder = settings.ranges_dir / _key(tasks[0].job, settings)
        folder.mkdir(parents=True, exist_ok=True)
        line = OpenLine(tasks[0], str(folder))
        planned = _do(session, line, settings, "plan")
        if planned.status != "scored":
            return replace(line, failed=planned)
        return replace(line, ranges=len(read_plan(folder).ranges))


def score_range(
    line: OpenLine, number: int, request: FilledRequest, settings: Settings, keep: Keep = AT_ONCE
) -> ScoringResult:
    """Score one range of a line in a scoring process of this worker; a range that is finished costs nothing."""
    with worker_session(settings, request.outbox, keep) as session:
        return _do(session, line, settings, "range", number)


def close_line(
    line: OpenLine, results: Sequence[ScoringResult], request: FilledRequest, settings: Settings
) -> FileOutcome:
    """Assemble and publish a line, or record why it could not be scored; its finished ranges are then removed.

    Those of a line that failed are kept for the next run.
    """
    with worker_session(settings, request.outbox) as session:
        unscored = line.failed or next((result for result in results if result.status != "scored"), None)
        result = unscored or _do(session, line, settings, "assemble")
        ((outcome, _),) = finish(session, [FinishedTask(line.task, result)])
    if outcome.fate in DONE or result.status == "changed":
        shutil.rmtree(line.folder, ignore_errors=True)
    return outcome


def _do(
    session: WorkerSession,
    line: OpenLine,
    settings: Settings,
    step: Literal["plan", "range", "assemble"],
    number: int = 0,
) -> ScoringResult:
    job = line.task.job
    part = LinePart(
        step=step,
        folder=line.folder,
        number=number,
        traces=settings.range_traces,
        temp_prefix=f"{session.temp_prefix}-{line.task.claim.row}",
    )
    ((_, result),) = session.pool.score_all([job.model_copy(update={"part": part})])
    return result


def _is_large(arrival: Arrival, settings: Settings) -> bool:
    """Return whether a local file is read block by block; packed ones are not cut: each worker would unpack them."""
    form = find_format(arrival.path)
    if form is None or form.block_reader is None or is_url(arrival.path):
        return False
    try:
        path = Path(arrival.path)
        return path.stat().st_size > settings.max_whole_bytes and not is_packed(path)
    except OSError:
        return False  # removed or unreadable, which the batch reports


def _key(job: Job, settings: Settings) -> str:
    """Return the name of a line's folder: its ranges are valid for this content, bundle, code and these settings."""
    bundle = job.scorer.content_hash if job.scorer else ""
    positions = job.positions.model_dump_json() if job.positions else ""
    parts = (job.sha256, bundle, positions, settings.range_traces, code_hash((*READING, *STUDYING)))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
