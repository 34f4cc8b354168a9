"""Scoring of one file, as a worker process does it, independent of the ledger and of Prefect."""

from __future__ import annotations

import dataclasses
import itertools
import time
import traceback
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import BundleError, DataError, LargeFileError, MachineFaultError, UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Scores, Source
from aemodels.denoisers.whole_signal import load_keras
from aemodels.io.files.regular import pinned_file
from aemodels.io.readers import read
from aemodels.io.review_file import read_review
from aemodels.io.volume.store import hash_store, is_store_folder
from aemodels.report.flagged_intervals import FlagSummary, summarise_flags
from aemodels.review.document import is_review
from tasks.scoring.line_ranges.outputs import stage_ranges, write_range
from tasks.scoring.line_ranges.plan import LinePart
from tasks.scoring.line_ranges.survey import plan_line, survey_part
from tasks.scoring.outbox import stage
from tasks.scoring.outbox_large_lines import LargeLine, stage_blocks
from tasks.scoring.places.quarantine import IDENTIFY, QUARANTINE, answer_quarantine
from tasks.scoring.places.staged import ChangedError
from tasks.scoring.request import Job, Scorer, ScoringResult

FILES_IN_NUMPY = 100  # of as many wells, Keras saves what starting it and preparing its kernels costs
_FILES = itertools.count()


def answer(line: str) -> str:
    """Identify, score or quarantine the file of a line, and return the result as one line.

    For `tasks.scoring.worker_process`, so that no file is read outside of a supervised process.

    Raises:
        MemoryError: as `score_job`.
    """
    if line.startswith(IDENTIFY):
        from tasks.scoring.arrivals import answer_identify  # imports the ledger

        return answer_identify(line.removeprefix(IDENTIFY))
    if line.startswith(QUARANTINE):
        return answer_quarantine(line.removeprefix(QUARANTINE))
    job = Job.model_validate_json(line)
    if is_time_for_keras(next(_FILES), job.per_process):
        run_in_keras()
    return score_job(job).model_dump_json()


def is_time_for_keras(scored: int, per_process: int) -> bool:
    """Return whether Keras is started now: after some files, if there may be as many again that it makes faster.

    Args:
        scored: files that this process has scored.
        per_process: files that the run has for it, 0 if not known.
    """
    return scored == FILES_IN_NUMPY and (not per_process or per_process - scored >= FILES_IN_NUMPY)


def score_job(job: Job) -> ScoringResult:
    """Read, score and stage one file; errors are returned as results.

    Raises:
        MemoryError: if memory ran out; the process must be replaced.
    """
    try:
        with _pinned(Path(job.path)) as path:
            return _named(_score_opened(job.model_copy(update={"path": str(path)})), str(path), job.path)
    except OSError as error:
        return _blocked_or_changed(job, error)


def _pinned(path: Path) -> AbstractContextManager[Path]:
    """Return a context of a path that leads to what is opened now; a store of many files has no such path."""
    return nullcontext(path) if is_store_folder(path) else pinned_file(path)


def _score_opened(job: Job) -> ScoringResult:
    """Return the result of a file whose path leads to one content for as long as it is scored."""
    try:
        return _checked(job, _score_or_refuse(job))
    except ChangedError as error:
        return ScoringResult(status="changed", text=str(error))
    except (BundleError, MachineFaultError, ImportError, OSError) as error:
        return _blocked_or_changed(job, error)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - an unexpected failure of one file must not affect the others
        last = traceback.extract_tb(error.__traceback__)[-1]
        return ScoringResult(
            status="failed", text=f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
        )


def _blocked_or_changed(job: Job, error: Exception) -> ScoringResult:
    if _hash(Path(job.path)) != job.sha256:
        return ScoringResult(status="changed", text=f"{job.source}: changed or removed while it was scored; {error}")
    return ScoringResult(status="blocked", text=f"{type(error).__name__}: {error}")


def _named(result: ScoringResult, pinned: str, path: str) -> ScoringResult:
    """Return a result that names the file, not the path that it was read by."""
    findings = tuple(dataclasses.replace(one, found=one.found.replace(pinned, path)) for one in result.findings)
    return result.model_copy(update={"text": result.text.replace(pinned, path), "findings": findings})


def _score_or_refuse(job: Job) -> ScoringResult:
    try:
        return _score_whole_or_blocks(job)
    except UnreadableFileError as error:
        return ScoringResult(status="refused", findings=error.findings)
    except DataError as error:
        finding = Finding("error", "not-scorable", "file", str(error), "a file the bundle can score", "see found")
        return ScoringResult(status="refused", findings=(finding,))


def _score_whole_or_blocks(job: Job) -> ScoringResult:
    if job.part is not None and job.scorer is not None:
        return _score_part(job, job.scorer, job.part)
    try:
        return _score(job)
    except LargeFileError:
        if job.scorer is None:
            raise
    return _score_large(job, job.scorer)


def _read_review(job: Job) -> ScoringResult:
    """Read what a reviewer saved; it is kept by whoever publishes."""
    review, sha256 = read_review(Path(job.path), Path(job.source).name)
    if sha256 != job.sha256:
        raise ChangedError(f"{job.source}: changed before it was read; left for the next run")
    return ScoringResult(status="scored", review=review.text)


def _score(job: Job) -> ScoringResult:
    if is_review(job.source):
        return _read_review(job)
    started = time.perf_counter()
    recording = _read(job)
    read_s = time.perf_counter() - started
    scores = score_recording(recording, job)
    scored_s = time.perf_counter() - started
    staged = stage(job.destination, recording, scores, Path(job.path))
    written_s = time.perf_counter() - started
    return ScoringResult(
        status="scored",
        rows=len(scores.score),
        flagged=int(scores.is_anomaly.sum()),
        suspect=int(scores.is_suspect.sum()),
        not_judged=int((~scores.is_judged).sum()),
        flags=summarise_flags(recording, scores),
        staged=staged,
        findings=recording.findings + scores.findings,
        timings={"read": read_s, "score": scored_s - read_s, "write": written_s - scored_s},
    )


def _score_large(job: Job, scorer: Scorer) -> ScoringResult:
    """Read, score and write a line that is larger than memory, block by block."""
    started = time.perf_counter()
    line = LargeLine(Path(job.path), Source(job.source, job.sha256), job.positions, job.limits)
    staged, written = stage_blocks(job.destination, line, _bundle(scorer.folder, scorer.content_hash))
    timings = {"score": time.perf_counter() - started}
    return ScoringResult(
        status="scored",
        rows=written.rows,
        flagged=written.flagged,
        flags=FlagSummary(count=written.flagged),
        staged=staged,
        findings=(*written.findings, *_notes(scorer)),
        timings=timings,
    )


def _score_part(job: Job, scorer: Scorer, part: LinePart) -> ScoringResult:
    """Do one step of scoring a line by ranges; only the last one stages outputs."""
    started = time.perf_counter()
    line = LargeLine(Path(job.path), Source(job.source, job.sha256), job.positions, job.limits)
    bundle = _bundle(scorer.folder, scorer.content_hash)  # also for a survey: it is loaded once per process
    done: dict[str, Any] = {}
    if part.step == "survey":
        done["rows"] = survey_part(line, part)
    elif part.step == "plan":
        done["rows"] = plan_line(line, bundle, part).traces
    elif part.step == "range":
        done["rows"] = write_range(line, bundle, part).rows
    else:
        done["staged"], written = stage_ranges(job.destination, line, bundle, part)
        done |= {"rows": written.rows, "flagged": written.flagged, "flags": FlagSummary(count=written.flagged)}
        done["findings"] = (*written.findings, *_notes(scorer))
    return ScoringResult(status="scored", timings={part.step: time.perf_counter() - started}, **done)


def score_recording(recording: Recording, job: Job) -> Scores:
    """Score a recording with the job's bundle.

    Raises:
        DataError: if no kind of bundle can score such a file, or this bundle cannot score this one.
    """
    if job.scorer is None:
        raise DataError(
            f"{Path(job.source).name} was read, but no kind of bundle scores {Path(job.source).suffix} files"
        )
    scores = _bundle(job.scorer.folder, job.scorer.content_hash).score(recording)
    return dataclasses.replace(scores, findings=(*scores.findings, *_notes(job.scorer)))


def _notes(scorer: Scorer) -> tuple[Finding, ...]:
    """Return a finding if the registry could not be asked for the present champion."""
    if not scorer.note:
        return ()
    found = f"{scorer.note}; scored with its last known champion, {scorer.label}"
    remedy = "start the tracking store; the next run asks it again"
    return (Finding("warning", "registry-unavailable", "file", found, "the present champion", remedy),)


def _read(job: Job) -> Recording:
    path = Path(job.path)
    aliases = Path(job.aliases) if job.aliases else None
    recording = read(path, aliases=aliases, positions=job.positions, limits=job.limits)
    if recording.source.sha256 != job.sha256:
        raise ChangedError(f"{job.source}: changed before it was read; left for the next run")
    return dataclasses.replace(recording, source=Source(job.source, job.sha256))


def _checked(job: Job, result: ScoringResult) -> ScoringResult:
    """Return the result, unless a refused file has changed since it was claimed."""
    if result.status == "refused" and _hash(Path(job.path)) != job.sha256:
        raise ChangedError(f"{job.source}: changed while it was read; left for the next run")
    return result


def _hash(path: Path) -> str:
    try:
        return hash_store(path)
    except (OSError, UnreadableFileError):
        return ""  # removed or unreadable, so not the file that was claimed


def run_in_keras() -> None:
    """Have the bundles run in Keras from now on."""
    load_keras()
    _bundle.cache_clear()


@lru_cache(maxsize=4)
def _bundle(folder: str, content_hash: str) -> Bundle:
    """Load a bundle, unless it was altered since it was chosen.

    Raises:
        BundleError: if it was altered, or is damaged.
    """
    bundle = Bundle.load(Path(folder))
    if content_hash not in {"", bundle.content_hash}:
        raise BundleError(f"{folder} has the hash {bundle.content_hash} instead of {content_hash}: it was altered")
    return bundle
