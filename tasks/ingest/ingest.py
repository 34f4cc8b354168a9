"""Reading of files into recordings, each content once; unusable files get findings."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.bundle.large_lines import read_line_ranges
from aemodels.core.errors import LargeFileError, UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Source
from aemodels.io.files.atomic import atomic_path
from aemodels.io.files.gzip import plain_file
from aemodels.io.files.hashing import sha256_file
from aemodels.io.formats import format_of
from aemodels.io.readers import list_files, read
from aemodels.io.remote import fetch_all, is_url
from aemodels.io.segy.read_plan import plan_segy
from aemodels.io.volume.store import hash_store
from tasks.ingest.reading_process import answer_of, reading_process
from tasks.settings import Settings
from tasks.storage.code_version import READING, code_hash
from tasks.storage.folders import mark_used
from tasks.storage.refs import Ref, digest_of, save_recording

BATCH = 16
ANSWER = "tasks.ingest.ingest:answer"
PART_BYTES = 100_000_000  # of samples as float32


class FileRecord(BaseModel):
    """Result of reading one file: a reference to the recording, or None and the findings that explain it.

    A line that is too large to be read at once has several records, numbered by `part`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str = ""
    name: str = ""
    kind: str = ""
    ref: Ref | None = None
    findings: tuple[Finding, ...] = ()
    part: int = 0


class Dataset(BaseModel):
    """The files of one experiment.

    Args:
        files: that were read.
        labels_sha256: hash over the labels of reviewers that the recordings carry; "" if they carry none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[FileRecord, ...]
    labels_sha256: str = ""

    @property
    def usable(self) -> tuple[FileRecord, ...]:
        return tuple(file for file in self.files if file.ref is not None)

    @property
    def left_out(self) -> tuple[FileRecord, ...]:
        return tuple(file for file in self.files if file.ref is None)


def batches_of(paths: Sequence[Path], size: int = BATCH) -> list[list[str]]:
    """Return the paths in batches, one per task, so that the flow's overhead stays below the reading time."""
    return [[str(path) for path in paths[start : start + size]] for start in range(0, len(paths), size)]


@task(name="find-files", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=2, retry_jitter_factor=1.0)
def find_files(root: str, settings: Settings) -> tuple[list[list[str]], list[FileRecord]]:
    """Return the files below a path or URL in batches, and records of those not listed; remote files are fetched."""
    if is_url(root):
        fetched, failures = fetch_all(root, settings.fetched_dir, limits=settings.limits)
        return batches_of(fetched), [FileRecord(path=url, findings=(finding,)) for url, finding in failures]
    files, problems = list_files(Path(root))
    return batches_of(files), [FileRecord(path=str(path), findings=(finding,)) for path, finding in problems]


@task(name="ingest-batch", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=2, retry_jitter_factor=1.0)
def ingest_batch(paths: list[str], settings: Settings) -> list[FileRecord]:
    """Read a batch of files in a supervised process; unchanged files are taken from the cache.

    Raises:
        MachineFaultError: if there is no disk space or memory for any file.
    """
    values = settings.model_dump(mode="json")
    with reading_process(ANSWER, settings) as ask:
        records = [record for path in paths for record in ask({"path": path, "settings": values})]
    return [FileRecord.model_validate(record) for record in records]


def answer(line: str) -> str:
    """Read the file of a line, and return its records as one line, for `tasks.scoring.worker_process`.

    Raises:
        MemoryError: if memory ran out; the process must be replaced.
    """
    job = json.loads(line)

    def records() -> list[dict[str, Any]]:
        return [
            record.model_dump(mode="json") for record in ingest_file(Path(job["path"]), Settings(**job["settings"]))
        ]

    return answer_of(records, lambda finding: [{"path": job["path"], "findings": [finding.to_dict()]}])


@task(name="collect", cache_policy=NO_CACHE)
def collect(records: list[FileRecord]) -> Dataset:
    """Combine all batches into one dataset; a content under two names counts once.

    Otherwise a well could be on both sides of the split.
    """
    first: dict[tuple[str, int], str] = {}
    files = []
    for record in sorted(records, key=lambda record: (record.path, record.part)):
        earlier = first.setdefault((record.sha256, record.part), record.path) if record.ref else record.path
        files.append(record if earlier == record.path else _duplicate(record, earlier))
    return Dataset(files=tuple(files))


def ingest_file(path: Path, settings: Settings) -> list[FileRecord]:
    """Read one file, or load the cached result for the same content and name.

    Returns:
        One record; several of a SEG-Y file above `settings.max_whole_bytes`, which is stored in parts.
    """
    try:
        sha256 = hash_store(path)
    except (OSError, UnreadableFileError):
        return _read_file(path, "", settings)
    # the folder's name tells the basin of a well
    key = digest_of([sha256, path.name, path.absolute().parent.name, code_hash(READING), *_reading_options(settings)])
    known = settings.ingested_dir / key[:2] / f"{key}.json"
    if known.is_file():
        records = [FileRecord.model_validate(record) for record in json.loads(known.read_text(encoding="utf-8"))]
        if all(record.ref is None or record.ref.path.is_file() for record in records):
            mark_used(known)
            for record in records:
                if record.ref is not None:
                    mark_used(record.ref.path)
            return [record.model_copy(update={"path": str(path)}) for record in records]
    records = _read_file(path, sha256, settings)
    if all(record.sha256 == sha256 for record in records):
        with atomic_path(known) as temporary:
            temporary.write_text(json.dumps([r.model_dump(mode="json") for r in records]), encoding="utf-8")
    return records


def _reading_options(settings: Settings) -> list[str]:
    """Return the settings that affect the result of reading: aliases, header positions and limits."""
    aliases = "" if settings.aliases is None else sha256_file(settings.aliases)
    positions = settings.header_positions.model_dump_json() if settings.header_positions else ""
    return [aliases, positions, settings.limits.model_dump_json()]


def _read_file(path: Path, sha256: str, settings: Settings) -> list[FileRecord]:
    try:
        try:
            recording = read(
                path, aliases=settings.aliases, positions=settings.header_positions, limits=settings.limits
            )
        except LargeFileError:
            if not format_of(path).in_ranges:
                raise
            return _read_parts(path, settings)
    except UnreadableFileError as error:
        return [FileRecord(path=str(path), sha256=sha256, findings=error.findings)]
    return [_stored(recording, path, settings)]


def _read_parts(path: Path, settings: Settings) -> list[FileRecord]:
    """Read a line in parts of about 100 MB, so that memory use does not grow with the file."""
    with plain_file(path, settings.limits) as plain:
        samples = plan_segy(plain, settings.header_positions).layout.samples
        parts = read_line_ranges(plain, traces=max(1, PART_BYTES // (4 * samples)), positions=settings.header_positions)
        source = Source(str(path), sha256_file(path))
        return [
            _stored(dataclasses.replace(recording, source=source), path, settings, part)
            for part, recording in enumerate(parts)
        ]


def _stored(recording: Recording, path: Path, settings: Settings, part: int = 0) -> FileRecord:
    return FileRecord(
        path=str(path),
        sha256=recording.source.sha256,
        name=recording.name,
        kind=recording.kind,
        ref=save_recording(recording, settings.refs_dir),
        findings=recording.findings,
        part=part,
    )


def _duplicate(record: FileRecord, earlier: str) -> FileRecord:
    finding = Finding(
        "warning", "duplicate", "file", f"the same content as {earlier}", "each file once", "delete one of the two"
    )
    return record.model_copy(update={"ref": None, "findings": (*record.findings, finding)})
