"""Runs: opened with parameters and tags, ended as finished, or as failed with the reason."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from pydantic import BaseModel

from tasks.settings import Settings
from tasks.tracking.send import send
from tasks.tracking.spool import OPEN, Record, new_record, prune, put_bundle, record_of, records
from tasks.tracking.store import connect, git_state, run_address

MAX_METRICS = 30
NOTE = "mlflow.note.content"
PENDING = "pending"
_PARAM_LENGTH = 6000
_TAG_LENGTH = 8000


@dataclass(frozen=True)
class RunHandle:
    """A run that tasks may log to, from any thread or process."""

    run_id: str
    experiment: str
    address: str


@dataclass(frozen=True)
class RunSpec:
    """Attributes of a new run.

    Args:
        experiment: name of the MLflow experiment.
        name: the run's name.
        params: flat parameters (see `flatten`).
        tags: further tags.
        parent: id of the parent run, "" for none.
    """

    experiment: str
    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""


@dataclass(frozen=True)
class DatasetRecord:
    """A subset of the data by hash: name, role ("training", "validation", "test"), sha256 of its content, members."""

    name: str
    role: str
    sha256: str
    members: Mapping[str, str]


@dataclass(frozen=True)
class Sent:
    """A recorded run after an attempt to send it: its name, its id (or key), and True if it is in the store."""

    name: str
    experiment: str
    run_id: str
    sent: bool


@contextmanager
def tracked_run(settings: Settings, spec: RunSpec) -> Iterator[RunHandle]:
    """Open a run that ends FINISHED, or FAILED with the exception's text in the tag `failure` (which is raised again).

    The run is recorded on this machine and sent from here. If the store is unavailable, the run's id is that of the
    record until `send_pending` has sent it.
    """
    tags = _shortened({**git_state(), **spec.tags})
    record = new_record(settings, experiment=spec.experiment, name=spec.name, parent=spec.parent, tags=tags)
    record.append("params", {_key(key): str(value)[:_PARAM_LENGTH] for key, value in spec.params.items()})
    send(settings, record)
    head = record.head
    try:
        yield RunHandle(head.run_id or head.key, head.experiment_id, _address(settings, record))
    except BaseException as error:
        reason = f"{type(error).__name__}: {error}"
        record.append("tags", _shortened({"failure": reason, NOTE: f"**FAILED** {reason}"}))
        try:
            _end(settings, record, "FAILED")
        except MlflowException as refused:
            error.add_note(f"and the tracking store refused its run: {refused}")
        raise
    _end(settings, record, "FINISHED")


def flush(settings: Settings, run_id: str) -> bool:
    """Send everything logged to a run so far; return False if the store is unavailable and the record keeps it."""
    return send(settings, record_of(settings, run_id))


def register(
    settings: Settings, run_id: str, directory: Path, name: str, notes: Mapping[str, str]
) -> tuple[str, str, bool]:
    """Register a bundle under a run as the challenger (see `register_bundle`), now or when the store is available.

    Returns:
        Name, version (PENDING if the store is unavailable), and True if the version is new.
    """
    record = record_of(settings, run_id)
    put_bundle(record, directory, name, notes)
    if not send(settings, record, insist=True):
        return name, PENDING, True
    version = record.head.models[name]
    return name, version, not record.head.known_before


def send_pending(settings: Settings) -> list[Sent]:
    """Send every recorded run that is not sent yet; a run whose process has ended is first marked FAILED."""
    found: list[Sent] = []
    for record in records(settings):
        if record.head.orphaned:
            record.append("tags", {"failure": f"its process {record.head.pid} ended before the run did"})
            _mark_ended(record, "FAILED")
        if not record.waiting():
            continue
        sent = send(settings, record, insist=not found)
        head = record.head
        found.append(Sent(head.name or head.run_id, head.experiment, head.run_id or head.key, sent))
    prune(settings)
    return found


def recorded_run(settings: Settings, tags: Mapping[str, str]) -> str | None:
    """Return the id or key of the newest finished, unsent run with all these tags; None if there is none."""
    for record in reversed(records(settings)):
        head = record.head
        if head.status == "FINISHED" and tags.items() <= head.tags.items() and record.waiting():
            return head.run_id or head.key
    return None


def store_id(settings: Settings, run_id: str) -> str:
    """Return the id of a run in the store, or its key if it is not sent yet."""
    return record_of(settings, run_id).head.run_id or run_id


def _end(settings: Settings, record: Record, status: str) -> None:
    """End a run and send it, together with unsent records of its child runs."""
    _mark_ended(record, status)
    if not send(settings, record, insist=True):
        return
    head = record.head
    for child in records(settings):
        if child.head.parent in {head.key, head.run_id} and child.waiting():
            send(settings, child)


def _mark_ended(record: Record, status: str) -> None:
    with record.locked():
        record.change(status=status, ended=int(time.time() * 1000))


def _address(settings: Settings, record: Record) -> str:
    head = record.head
    return run_address(settings, head.experiment_id, head.run_id) if head.run_id else f"not sent yet: {record.folder}"


def finished_run(settings: Settings, experiment: str, tags: Mapping[str, str]) -> str | None:
    """Return the id of the newest finished run of an experiment with all these tags; None if there is none."""
    client = connect(settings)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return None
    wanted = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
    runs = client.search_runs([found.experiment_id], f"attributes.status = 'FINISHED' and {wanted}", max_results=1)
    return runs[0].info.run_id if runs else None


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """Return a nested specification as flat parameters, e.g. "model.width".

    >>> flatten({"a": 1, "b": {"c": [1, 2]}, "d": [{"kind": "x"}]})
    {'a': 1, 'b.c': '[1, 2]', 'd.0.kind': 'x'}
    """
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, Mapping):
        pairs = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, Sequence) and any(isinstance(item, Mapping | BaseModel) for item in value):
        pairs = [(str(index), item) for index, item in enumerate(value)]
    else:
        return {prefix: json.dumps(value) if isinstance(value, list | tuple) else value}
    flat: dict[str, Any] = {}
    for key, item in pairs:
        flat |= flatten(item, f"{prefix}.{key}" if prefix else key)
    return flat


def log_params(settings: Settings, run_id: str, params: Mapping[str, Any]) -> None:
    """Log flat parameters."""
    _log(settings, run_id, "params", {_key(key): str(value)[:_PARAM_LENGTH] for key, value in params.items()})


def log_metrics(settings: Settings, run_id: str, metrics: Mapping[str, float]) -> None:
    """Log final metrics.

    Raises:
        ValueError: if the run would have more than MAX_METRICS; details belong in tables.
    """
    now = int(time.time() * 1000)
    rows = [(_key(key), float(value), now, 0) for key, value in metrics.items()]
    _count_metrics(settings, run_id, [row[0] for row in rows])
    _log(settings, run_id, "metrics", rows)


def log_history(
    settings: Settings, run_id: str, history: Mapping[str, Sequence[float]], *, start: int = 0, every: int = 1
) -> None:
    """Log values of each metric, `every` epochs apart, numbered from `start`."""
    now = int(time.time() * 1000)
    rows = [
        (_key(key), float(value), now, start + index * every)
        for key, values in history.items()
        for index, value in enumerate(values)
    ]
    _count_metrics(settings, run_id, [_key(key) for key in history])
    _log(settings, run_id, "metrics", rows)


def set_tags(settings: Settings, run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run."""
    _log(settings, run_id, "tags", _shortened(tags))


def log_datasets(settings: Settings, run_id: str, records: Sequence[DatasetRecord]) -> None:
    """Log the data of a run: a hash per subset, and the names of its wells."""
    rows = [{"dataset": _dataset(record), "role": record.role} for record in records]
    _log(settings, run_id, "datasets", rows)


def _dataset(record: DatasetRecord) -> dict[str, str]:
    profile = {"recordings": len(record.members), "names": ", ".join(record.members), "members": dict(record.members)}
    return {
        "name": record.name,
        "digest": record.sha256[:32],  # the store's limit is 36 characters
        "source_type": "local",
        "source": json.dumps({"sha256": record.sha256}),
        "profile": json.dumps(profile),
    }


def _log(settings: Settings, run_id: str, kind: str, value: Any) -> None:
    """Add to a run's record; the record of an ended run is sent at once."""
    record = record_of(settings, run_id)
    record.append(kind, value)
    if record.head.status != OPEN:
        send(settings, record)


def _count_metrics(settings: Settings, run_id: str, names: Sequence[str]) -> None:
    record = record_of(settings, run_id)
    with record.locked():
        known = sorted({*record.head.metrics, *names})
        if len(known) > MAX_METRICS:
            raise ValueError(f"{len(known)} metrics for one run; expected at most {MAX_METRICS}; log a table instead")
        record.change(metrics=known)


def _shortened(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: str(value)[:_TAG_LENGTH] for key, value in tags.items()}


def _key(text: str) -> str:
    """Return the name of a metric or parameter with the characters that MLflow allows."""
    return re.sub(r"[^\w\-./ ]", "_", text)
