"""Large lines of an inbox: claimed by the process of the flow, scored in ranges by workers, published by the flow."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from aemodels.io.files.gzip import is_packed
from aemodels.io.formats import find_format
from aemodels.io.remote import is_url
from tasks.lines.range_pieces import remove_objects, store_range, with_pieces
from tasks.scoring.batch import FinishedTask, ScoringTask, claim_all, finish, identify_all, remove_copy
from tasks.scoring.choose_bundle import choose_scorers
from tasks.scoring.inbox import Inbox
from tasks.scoring.line_ranges.plan import LinePart, read_plan
from tasks.scoring.places.inbox import Arrival
from tasks.scoring.request import FileOutcome, FilledRequest, Job, ScoringResult
from tasks.scoring.worker_session import AT_ONCE, Keep, worker_session
from tasks.settings import Settings
from tasks.storage.code_version import READING, STUDYING, code_hash

DONE = ("scored", "quarantined", "skipped")
StepName: TypeAlias = Literal["survey", "plan", "range", "assemble"]
STEPS: tuple[StepName, ...] = ("survey", "plan", "range", "assemble")
SURVEY_BYTES = 100_000_000  # surveyed by one call: less than a second of work


@dataclass(frozen=True)
class OpenLine:
    """A line that this run has claimed.

    Args:
        task: its claim and job.
        folder: of its plan and finished ranges.
        parts: number of parts in which it is surveyed.
        result: of the step that failed, or of the last one; None until then.
    """

    task: ScoringTask
    folder: str
    parts: int = 1
    result: ScoringResult | None = None


@dataclass(frozen=True)
class LineStep:
    """One step of scoring a line, which any worker can do: see `LinePart`."""

    line: OpenLine
    step: StepName
    number: int = 0


def split_lines(inbox: Inbox, settings: Settings) -> tuple[Inbox, tuple[Arrival, ...]]:
    """Take the lines that are read block by block out of the batches; return the remaining batches, and the lines."""
    lines = tuple(arrival for batch in inbox.batches for arrival in batch if _is_large(arrival, settings))
    rest = (tuple(arrival for arrival in batch if arrival not in lines) for batch in inbox.batches)
    return replace(inbox, batches=tuple(batch for batch in rest if batch)), lines


def open_line(arrival: Arrival, request: FilledRequest, settings: Settings) -> OpenLine | FileOutcome:
    """Claim a line; ranges that an earlier run has finished are kept.

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
    parts = -(-Path(tasks[0].job.path).stat().st_size // SURVEY_BYTES)
    return OpenLine(tasks[0], str(folder), max(1, parts))


def next_steps(lines: Sequence[OpenLine], step: StepName) -> list[LineStep]:
    """Return the steps of a kind of all lines that have not failed before."""
    going = [line for line in lines if line.result is None]
    return [LineStep(line, step, number) for line in going for number in range(_count(line, step))]


def _count(line: OpenLine, step: StepName) -> int:
    """Return the number of steps of a kind that a line needs."""
    if step == "survey":
        return line.parts
    return len(read_plan(Path(line.folder)).ranges) if step == "range" else 1


def do_step(item: LineStep, request: FilledRequest, settings: Settings, keep: Keep = AT_ONCE) -> ScoringResult:
    """Do one step in a scoring process of this worker; a plan or range that is finished costs nothing."""
    job = item.line.task.job
    with worker_session(settings, request.outbox, keep) as session:
        part = LinePart(
            step=item.step,
            folder=item.line.folder,
            number=item.number,
            parts=item.line.parts,
            traces=settings.range_traces,
            temp_prefix=f"{session.temp_prefix}-{item.line.task.claim.row}",
        )
        ((_, result),) = session.pool.score_all([job.model_copy(update={"part": part})])
        if item.step == "range" and result.status == "scored":
            store_range(session.outbox, Path(item.line.folder), item.number)
    return result


def advance(lines: Sequence[OpenLine], steps: Sequence[LineStep], results: Sequence[ScoringResult]) -> list[OpenLine]:
    """Return the lines after steps of theirs: with a result if one failed, or if they are assembled."""
    final: dict[int, ScoringResult] = {}
    for item, result in zip(steps, results, strict=True):
        if result.status != "scored" or item.step == "assemble":
            final.setdefault(item.line.task.claim.row, result)
    return [replace(line, result=line.result or final.get(line.task.claim.row)) for line in lines]


def close_line(line: OpenLine, request: FilledRequest, settings: Settings) -> FileOutcome:
    """Publish a line, or record why it could not be scored; its finished ranges are then removed.

    Those of a line that failed are kept for the next run.
    """
    assert line.result is not None
    folder = Path(line.folder)
    with worker_session(settings, request.outbox) as session:
        result = with_pieces(line.result, session.outbox, folder)
        ((outcome, _),) = finish(session, [FinishedTask(line.task, result)])
        session.outbox.remove_temporary_files(line.task.job.temp_prefix)  # of an assembly whose worker was lost
        remove_copy(session, Path(line.task.job.path))
    if outcome.fate in DONE or line.result.status == "changed":
        with suppress(OSError):  # of a store that is away: `sondeflow maintain` removes both
            remove_objects(folder)
            shutil.rmtree(folder, ignore_errors=True)
    return outcome


def _is_large(arrival: Arrival, settings: Settings) -> bool:
    """Return whether a file is read block by block; packed ones are not cut: each worker would unpack them.

    One in an object store is copied to the home folder once, where all workers read it.
    """
    form = find_format(arrival.path)
    if form is None or not form.in_ranges:
        return False
    if is_url(arrival.path):
        return arrival.size > settings.max_whole_bytes and not arrival.path.lower().endswith(".gz")
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
