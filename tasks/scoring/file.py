"""One file scored: what a worker's child process does. Nothing here knows the ledger or the orchestrator."""

from __future__ import annotations

import dataclasses
import time
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import BundleError, DataError, LargeFileError, UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Scores, Source
from aemodels.io.files.hashing import sha256_file
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.readers import read
from aemodels.io.segy.header_positions import HeaderPositions
from tasks.scoring.outbox import BundleLabel, ChangedError, Place, Staged, stage
from tasks.scoring.outbox_large_lines import LargeLine, stage_blocks

End: TypeAlias = Literal["scored", "refused", "changed", "failed", "blocked", "killer"]


class Scorer(BaseModel):
    """A bundle by reference, and the label under which its scores are filed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    kind: str
    name: str
    version: str
    content_hash: str = ""
    card: str = ""

    @property
    def label(self) -> BundleLabel:
        return BundleLabel(self.name, self.version, self.card)


class Job(BaseModel):
    """One file to score.

    Args:
        path: the file, where it can be opened.
        source: what people call it: its path in the inbox, or its URL.
        sha256: of its content when it was claimed.
        scorer: the bundle; None where no kind of bundle takes such a file.
        outbox, beside, mark: see `tasks.scoring.outbox.Place`.
        aliases, positions, limits: see `aemodels.io.readers.read`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    source: str
    sha256: str
    scorer: Scorer | None
    outbox: str
    beside: bool = False
    mark: str = ""
    aliases: str | None = None
    positions: HeaderPositions | None = None
    limits: SizeLimits = DEFAULT_LIMITS

    @property
    def place(self) -> Place:
        label = self.scorer.label if self.scorer else BundleLabel("reader", "")
        return Place(Path(self.outbox), label, self.beside, self.mark)


class Verdict(BaseModel):
    """How scoring a file ended.

    Args:
        end: "scored", its outputs are staged; "refused", the file is no good and the findings say why; "changed", it
            is another file by now; "failed", by an unforeseen error; "blocked", by nothing of its own (the disk, the
            bundle); "killer", its process died or overran, each time it was tried alone.
        text: the reason for people, "" where scored or refused.
        timings: seconds by step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    end: End
    text: str = ""
    rows: int = 0
    flagged: int = 0
    staged: tuple[Staged, ...] = ()
    findings: tuple[Finding, ...] = ()
    timings: dict[str, float] = Field(default_factory=dict)


def score_job(job: Job) -> Verdict:
    """Read, score and stage one file; whatever goes wrong is a verdict.

    Raises:
        MemoryError: the process is not to be trusted any more.
    """
    try:
        return _checked(job, _score_or_refuse(job))
    except ChangedError as error:
        return Verdict(end="changed", text=str(error))
    except (BundleError, ImportError, OSError) as error:
        if _hash(Path(job.path)) != job.sha256:
            return Verdict(end="changed", text=f"{job.source}: changed or gone while it was scored; {error}")
        return Verdict(end="blocked", text=f"{type(error).__name__}: {error}")
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - one file's unforeseen failure must not take the others with it
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Verdict(end="failed", text=f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})")


def _score_or_refuse(job: Job) -> Verdict:
    try:
        return _score_whole_or_blocks(job)
    except UnreadableFileError as error:
        return Verdict(end="refused", findings=error.findings)
    except DataError as error:
        finding = Finding("error", "not-scorable", "file", str(error), "a file the bundle can score", "see found")
        return Verdict(end="refused", findings=(finding,))


def _score_whole_or_blocks(job: Job) -> Verdict:
    try:
        return _score(job)
    except LargeFileError:
        if job.scorer is None:
            raise
    return _score_large(job, job.scorer)


def _score(job: Job) -> Verdict:
    started = time.perf_counter()
    recording = _read(job)
    read_s = time.perf_counter() - started
    scores = score_recording(recording, job)
    scored_s = time.perf_counter() - started
    staged = stage(job.place, recording, scores, Path(job.path))
    written_s = time.perf_counter() - started
    return Verdict(
        end="scored",
        rows=len(scores.score),
        flagged=int(scores.is_anomaly.sum()),
        staged=staged,
        findings=recording.findings,
        timings={"read": read_s, "score": scored_s - read_s, "write": written_s - scored_s},
    )


def _score_large(job: Job, scorer: Scorer) -> Verdict:
    """A line larger than memory: read, scored and written block by block."""
    started = time.perf_counter()
    line = LargeLine(Path(job.path), Source(job.source, job.sha256), job.positions, job.limits)
    staged, written = stage_blocks(job.place, line, _bundle(scorer.folder))
    timings = {"score": time.perf_counter() - started}
    return Verdict(
        end="scored",
        rows=written.rows,
        flagged=written.flagged,
        staged=staged,
        findings=written.findings,
        timings=timings,
    )


def score_recording(recording: Recording, job: Job) -> Scores:
    """The scores of a recording by the job's bundle.

    Raises:
        DataError: if no kind of bundle takes such a file, or this bundle cannot score it.
    """
    if job.scorer is None:
        raise DataError(f"{Path(job.source).name} was read, but no kind of bundle takes {Path(job.source).suffix}")
    return _bundle(job.scorer.folder).score(recording)


def _read(job: Job) -> Recording:
    path = Path(job.path)
    aliases = Path(job.aliases) if job.aliases else None
    recording = read(path, aliases=aliases, positions=job.positions, limits=job.limits)
    if recording.source.sha256 != job.sha256:
        raise ChangedError(f"{job.source}: changed before it was read; left for the next run")
    return dataclasses.replace(recording, source=Source(job.source, job.sha256))


def _checked(job: Job, verdict: Verdict) -> Verdict:
    """A refusal holds only for the content that was claimed: a file that has changed meanwhile is not refused."""
    if verdict.end == "refused" and _hash(Path(job.path)) != job.sha256:
        raise ChangedError(f"{job.source}: changed while it was read; left for the next run")
    return verdict


def _hash(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError:
        return ""  # gone, or not to be read any more: another file than the one that was claimed


@lru_cache(maxsize=4)
def _bundle(folder: str) -> Bundle:
    return Bundle.load(Path(folder))
