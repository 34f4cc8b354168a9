"""Local records of runs: everything logged is written here first, and sent from here.

A run is a folder below `SONDEFLOW_HOME/spool`, so nothing is lost while the tracking server is unavailable.

    run.json       attributes of the run: its Head
    lines.jsonl    unsent parameters, metrics, tags and datasets, one JSON object per line
    files/         unsent artifacts, at their paths in the run
    bundles/       unregistered bundles, one folder per model, each with a <name>.json
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.address import Address
from tasks.processes import is_running
from tasks.settings import Settings

OPEN = "RUNNING"
# Tag of the run in the store, by which a run is found if the reply to its creation was lost.
RECORD_TAG = "sondeflow.record"
KEPT_SECONDS = 24 * 3600.0
# Prefix of keys; ids given by stores do not have it.
LOCAL = "local-"


class Head(BaseModel):
    """Attributes of a run.

    Args:
        key: name of its folder.
        run_id: id in the tracking store, "" if it has none yet.
        store: the tracking store's address, without credentials.
        experiment: name of the MLflow experiment; "" for a run created elsewhere that is only added to.
        experiment_id: id in the tracking store, "" if it is not known yet.
        name: of the run.
        tags: tags that it was opened with.
        parent: run id or key of the parent run, "" for none.
        status: RUNNING, FINISHED or FAILED.
        started: ms since 1970.
        ended: ms since 1970, 0 while it runs.
        tried: its creation was attempted, possibly with a lost reply.
        sent_status: the status that the store knows.
        tables: artifact paths of tables, for MLflow's table view.
        metrics: names of final metrics logged so far.
        models: registered models, name to version.
        known_before: the last registered bundle already had a version.
        host: host name of the process.
        pid: id of the process that runs it.
    """

    model_config = ConfigDict(extra="forbid")

    key: str
    run_id: str = ""
    store: str
    experiment: str = ""
    experiment_id: str = ""
    name: str = ""
    tags: dict[str, str] = {}
    parent: str = ""
    status: str = OPEN
    started: int = 0
    ended: int = 0
    tried: bool = False
    sent_status: str = ""
    tables: list[str] = []
    metrics: list[str] = []
    models: dict[str, str] = {}
    known_before: bool = False
    host: str = ""
    pid: int = 0

    @property
    def orphaned(self) -> bool:
        """True if the process ended before it ended the run."""
        here = self.status == OPEN and self.pid and self.host == socket.gethostname()
        return bool(here) and not is_running(self.pid)


class Record:
    """A run's folder.

    Args:
        folder: an existing folder below the spool.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.bundles = folder / "bundles"
        self._lines = folder / "lines.jsonl"

    @property
    def head(self) -> Head:
        return Head.model_validate_json((self.folder / "run.json").read_text(encoding="utf-8"))

    def change(self, **values: Any) -> Head:
        """Change attributes; the caller must hold the lock."""
        head = self.head.model_copy(update=values)
        _write(self.folder / "run.json", head.model_dump_json())
        return head

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold a lock between the threads and processes of this machine."""
        with (self.folder / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def append(self, kind: str, value: Any) -> None:
        """Append an unsent line."""
        line = json.dumps({kind: value})
        with self.locked(), self._lines.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def lines(self) -> list[tuple[str, Any]]:
        """Return the unsent lines in the order of logging, without a line truncated by a crash."""
        if not self._lines.exists():
            return []
        found = []
        for line in self._lines.read_text(encoding="utf-8").split("\n")[:-1]:
            found += list(json.loads(line).items())
        return found

    def file_path(self, name: str) -> Path:
        """Return the path for an artifact and make its folder; the caller must hold the lock."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def waiting(self) -> bool:
        """Return whether anything is unsent."""
        head = self.head
        unsent = self._lines.exists() or self.files.exists() or self.bundles.exists()
        return unsent or head.run_id == "" or head.status not in {OPEN, head.sent_status, ""}

    def forget_lines(self) -> None:
        """Delete the lines once all are sent; the caller must hold the lock."""
        self._lines.unlink(missing_ok=True)

    def forget_files(self) -> None:
        """Delete the files once all are sent; the caller must hold the lock."""
        shutil.rmtree(self.files, ignore_errors=True)


def new_record(
    settings: Settings, *, experiment: str, name: str, parent: str = "", tags: Mapping[str, str] | None = None
) -> Record:
    """Create the record of a run that starts now, with its tags as first line."""
    key = LOCAL + uuid.uuid4().hex
    head = Head(
        key=key,
        store=str(settings.tracking_uri),
        experiment=experiment,
        name=name,
        tags=dict(tags or {}),
        parent=parent,
        started=int(time.time() * 1000),
        host=socket.gethostname(),
        pid=os.getpid(),
    )
    record = _made(settings, head)
    record.append("tags", head.tags)
    return record


def waiting_file(settings: Settings, run_id: str, name: str) -> Path | None:
    """Return the path of an unsent artifact of a run; None if there is none with that name."""
    path = _spool(settings) / run_id / "files" / name
    return path if path.is_file() else None


def record_of(settings: Settings, run_id: str) -> Record:
    """Return the record of a run by its id or key; for a run created elsewhere a record is made."""
    folder = _spool(settings) / run_id
    if folder.is_dir():
        return Record(folder.resolve())
    if run_id.startswith(LOCAL):
        raise FileNotFoundError(f"{folder} is gone: run {run_id} was recorded there; was the home folder changed?")
    record = _made(settings, Head(key=f"{LOCAL}{run_id}", store=str(settings.tracking_uri), run_id=run_id, status=""))
    link(record, run_id)
    return record


def link(record: Record, run_id: str) -> None:
    """Make a record available under the id of its run in the store."""
    name = record.folder.parent / run_id
    if not name.is_symlink():
        name.symlink_to(record.folder.name)


def records(settings: Settings) -> list[Record]:
    """Return all records of this store, parents before children, oldest first."""
    found = [Record(path) for path in _spool(settings).glob(f"{LOCAL}*") if (path / "run.json").is_file()]
    heads = {record: record.head for record in found}
    mine = [record for record in found if str(Address(heads[record].store)) == str(settings.tracking_uri)]
    return sorted(mine, key=lambda record: (bool(heads[record].parent), heads[record].started, record.folder.name))


def sent_records(settings: Settings) -> list[Record]:
    """Return the records that were completely sent a day ago or earlier."""
    before = time.time() - KEPT_SECONDS
    return [
        record
        for record in records(settings)
        if record.head.status != OPEN and not record.waiting() and record.folder.stat().st_mtime <= before
    ]


def prune(settings: Settings) -> None:
    """Remove records that were completely sent a day ago or earlier."""
    for record in sent_records(settings):
        run_id = record.head.run_id
        (record.folder.parent / run_id).unlink(missing_ok=True)
        shutil.rmtree(record.folder)


def put_bundle(record: Record, directory: Path, name: str, notes: Mapping[str, str]) -> None:
    """Store a bundle to be registered under `name`, with its descriptions."""
    with record.locked():
        target = record.bundles / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(directory, target)
        _write(record.bundles / f"{name}.json", json.dumps(dict(notes)))


def _made(settings: Settings, head: Head) -> Record:
    folder = _spool(settings) / head.key
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "run.json", head.model_dump_json())
    return Record(folder)


def _spool(settings: Settings) -> Path:
    return settings.home / "spool"


def _write(path: Path, text: str) -> None:
    """Replace a file atomically, so that a crash leaves either the old or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
