"""Sending of local records to the tracking store; it can be repeated, and nothing is lost while the store is down."""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from tasks.address import Address
from tasks.settings import Settings
from tasks.tracking.registry import register_bundle
from tasks.tracking.spool import OPEN, RECORD_TAG, Head, Record, link, record_of
from tasks.tracking.store import connect, experiment_id, is_local

TABLES_TAG = "mlflow.loggedArtifacts"
# Pause before an unavailable store is asked again, so that a training does not wait for it.
PAUSE_SECONDS = 15.0
PROBE_SECONDS = 3.0
_BATCHES = {"params": 100, "tags": 100, "metrics": 1000}
_not_before: dict[Address, float] = {}


def send(settings: Settings, record: Record, *, insist: bool = False) -> bool:
    """Send the unsent part of a run's record.

    Args:
        settings: address of the tracking store.
        record: the run.
        insist: try even if the store was unavailable a moment ago.

    Returns:
        True if nothing is left to send; False if the store is unavailable and the record keeps it all.

    Raises:
        MlflowException: if the store is available and refuses the data.
    """
    if not insist and time.monotonic() < _not_before.get(settings.tracking_uri, 0.0):
        return False
    for last in (False, True):  # twice, because a restarting store fails once
        if not answers(settings):
            break
        try:
            with record.locked():
                _deliver(settings, record)
        except (MlflowException, OSError):
            if last and answers(settings):
                raise
        else:
            _not_before.pop(settings.tracking_uri, None)
            return True
    _not_before[settings.tracking_uri] = time.monotonic() + PAUSE_SECONDS
    return False


def answers(settings: Settings, seconds: float = PROBE_SECONDS) -> bool:
    """Return whether the tracking store is available; a server that accepts the question has so long to answer it."""
    if is_local(settings.tracking_uri):
        return _opens(settings.tracking_uri.for_sqlalchemy)
    try:
        with urllib.request.urlopen(f"{settings.tracking_uri.base}/health", timeout=seconds):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500  # a proxy without this page still forwards requests
    except (urllib.error.URLError, OSError):
        return False


def _opens(uri: str) -> bool:
    engine = create_engine(uri)
    try:
        engine.connect().close()
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True


def _deliver(settings: Settings, record: Record) -> None:
    """Send everything, in an order that allows each step to be repeated after a failure of a later one."""
    client = connect(settings)
    head = record.head
    if not head.run_id:
        head = _create(settings, record, client)
    for kind, rows in _grouped(record).items():
        _SENDERS[kind](client, head.run_id, rows)
    record.forget_lines()
    if record.files.exists():
        client.log_artifacts(head.run_id, str(record.files))
        record.forget_files()
    if record.bundles.exists():
        head = _register(settings, record, client)
    if head.status not in {OPEN, head.sent_status, ""}:
        client.set_terminated(head.run_id, status=head.status, end_time=head.ended)
        record.change(sent_status=head.status)


def _create(settings: Settings, record: Record, client: MlflowClient) -> Head:
    """Create the run in the store; a run of an earlier attempt whose reply was lost is found by its tag."""
    head = record.head
    experiment = experiment_id(settings, head.experiment)
    run_id = _made_before(client, experiment, head.key) if head.tried else ""
    if not run_id:
        record.change(tried=True)
        tags = {RECORD_TAG: head.key, "mlflow.source.name": "sondeflow"}
        if head.parent:
            tags["mlflow.parentRunId"] = _parent_id(settings, head.parent)
        run = client.create_run(experiment, start_time=head.started, run_name=head.name, tags=tags)
        run_id = run.info.run_id
    link(record, run_id)
    return record.change(run_id=run_id, experiment_id=experiment)


def _made_before(client: MlflowClient, experiment: str, key: str) -> str:
    found = client.search_runs([experiment], f"tags.`{RECORD_TAG}` = '{key}'", max_results=1)
    return str(found[0].info.run_id) if found else ""


def _parent_id(settings: Settings, parent: str) -> str:
    """Return the id of the parent run in the store; create it if necessary."""
    record = record_of(settings, parent)
    if not record.head.run_id:
        with record.locked():
            if not record.head.run_id:
                _create(settings, record, connect(settings))
    return record.head.run_id


def _register(settings: Settings, record: Record, client: MlflowClient) -> Head:
    head = record.head
    for path in sorted(record.bundles.glob("*.json")):
        directory, notes = path.with_suffix(""), json.loads(path.read_text(encoding="utf-8"))
        model, created = register_bundle(settings, head.run_id, directory, path.stem, notes)
        registered = {"name": model.name, "version": model.version, "created": created}
        client.log_text(head.run_id, json.dumps(registered, indent=2) + "\n", "model.json")
        head = record.change(models={**head.models, path.stem: model.version}, known_before=not created)
    shutil.rmtree(record.bundles)
    return head


def _grouped(record: Record) -> dict[str, list[Any]]:
    """Return the unsent lines by kind; of repeated tags the last value is kept."""
    groups: dict[str, list[Any]] = {}
    tags: dict[str, str] = {}
    for kind, value in record.lines():
        if kind == "tags":
            tags |= value
        elif kind == "params":
            groups.setdefault(kind, []).extend(value.items())
        else:
            groups.setdefault(kind, []).extend(value)
    if tables := record.head.tables:
        tags[TABLES_TAG] = json.dumps([{"path": path, "type": "table"} for path in tables])
    return {"tags": list(tags.items()), **groups} if tags else groups


def _send_params(client: MlflowClient, run_id: str, rows: list[Any]) -> None:
    _in_batches(lambda part: client.log_batch(run_id, params=[Param(*row) for row in part]), rows, "params")


def _send_tags(client: MlflowClient, run_id: str, rows: list[Any]) -> None:
    _in_batches(lambda part: client.log_batch(run_id, tags=[RunTag(*row) for row in part]), rows, "tags")


def _send_metrics(client: MlflowClient, run_id: str, rows: list[Any]) -> None:
    """Send rows (name, value, ms, step); the store ignores rows that it has already."""
    _in_batches(lambda part: client.log_batch(run_id, metrics=[Metric(*row) for row in part]), rows, "metrics")


def _send_datasets(client: MlflowClient, run_id: str, rows: list[Any]) -> None:
    inputs = [
        DatasetInput(Dataset(**row["dataset"]), tags=[InputTag("mlflow.data.context", row["role"])]) for row in rows
    ]
    client.log_inputs(run_id, datasets=inputs)


def _in_batches(log: Callable[[list[Any]], Any], rows: list[Any], kind: str) -> None:
    size = _BATCHES[kind]
    for offset in range(0, len(rows), size):
        log(rows[offset : offset + size])


_SENDERS: dict[str, Callable[[MlflowClient, str, list[Any]], None]] = {
    "params": _send_params,
    "tags": _send_tags,
    "metrics": _send_metrics,
    "datasets": _send_datasets,
}
