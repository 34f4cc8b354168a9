"""Runs: opened with their parameters and tags, closed as finished or as failed with the reason."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from pydantic import BaseModel

from tasks.settings import Settings
from tasks.tracking.store import connect, experiment_id, git_sha, run_address

MAX_METRICS = 30
_BATCH = 1000
_PARAM_BATCH = 100
_PARAM_LENGTH = 6000
_TAG_LENGTH = 5000


@dataclass(frozen=True)
class RunHandle:
    """A run that tasks may log to, from any thread or process."""

    run_id: str
    experiment: str
    address: str


@dataclass(frozen=True)
class RunSpec:
    """What a run is opened with.

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
    """A part of the data by hash: name, role ("training", "validation", "test"), sha256 of its content, members."""

    name: str
    role: str
    sha256: str
    members: Mapping[str, str]


@contextmanager
def tracked_run(settings: Settings, spec: RunSpec) -> Iterator[RunHandle]:
    """A run that ends FINISHED, or FAILED with the exception's text in the tag `failure` (and is raised on)."""
    client = connect(settings)
    experiment = experiment_id(settings, spec.experiment)
    tags = {"git_sha": git_sha(), "mlflow.source.name": "sondeflow", **spec.tags}
    if spec.parent:
        tags["mlflow.parentRunId"] = spec.parent
    tags = {key: str(value)[:_TAG_LENGTH] for key, value in tags.items()}
    run_id = client.create_run(experiment, run_name=spec.name, tags=tags).info.run_id
    try:
        log_params(settings, run_id, spec.params)
        yield RunHandle(run_id, experiment, run_address(settings, experiment, run_id))
    except BaseException as error:
        client.set_tag(run_id, "failure", f"{type(error).__name__}: {error}"[:_TAG_LENGTH])
        client.set_terminated(run_id, status="FAILED")
        raise
    client.set_terminated(run_id, status="FINISHED")


def finished_run(settings: Settings, experiment: str, tags: Mapping[str, str]) -> str | None:
    """Id of the newest finished run of an experiment with all these tags, None where there is none."""
    client = connect(settings)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return None
    wanted = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
    runs = client.search_runs([found.experiment_id], f"attributes.status = 'FINISHED' and {wanted}", max_results=1)
    return runs[0].info.run_id if runs else None


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """A nested specification as flat parameters, "model.width" and so on.

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
    """Log flat parameters in batches that every store takes."""
    client = connect(settings)
    rows = [Param(_key(key), str(value)[:_PARAM_LENGTH]) for key, value in params.items()]
    for offset in range(0, len(rows), _PARAM_BATCH):
        client.log_batch(run_id, params=rows[offset : offset + _PARAM_BATCH])


def log_metrics(settings: Settings, run_id: str, metrics: Mapping[str, float]) -> None:
    """Log final metrics.

    Raises:
        ValueError: if there are more than MAX_METRICS: detail belongs into tables, a run's page stays readable.
    """
    if len(metrics) > MAX_METRICS:
        raise ValueError(f"{len(metrics)} metrics for one run; expected at most {MAX_METRICS}; log a table instead")
    now = int(time.time() * 1000)
    rows = [Metric(_key(key), float(value), now, 0) for key, value in metrics.items()]
    connect(settings).log_batch(run_id, metrics=rows)


def log_history(settings: Settings, run_id: str, history: Mapping[str, Sequence[float]], *, start: int = 0) -> None:
    """Log one value an epoch of each metric, numbered from `start`."""
    client = connect(settings)
    now = int(time.time() * 1000)
    rows = [
        Metric(_key(key), float(value), now, start + epoch)
        for key, values in history.items()
        for epoch, value in enumerate(values)
    ]
    for offset in range(0, len(rows), _BATCH):
        client.log_batch(run_id, metrics=rows[offset : offset + _BATCH])


def set_tags(settings: Settings, run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run."""
    client = connect(settings)
    for key, value in tags.items():
        client.set_tag(run_id, key, value[:_TAG_LENGTH])


def log_datasets(settings: Settings, run_id: str, records: Sequence[DatasetRecord]) -> None:
    """Name the data of a run by hash, part by part."""
    inputs = [
        DatasetInput(
            Dataset(
                name=record.name,
                digest=record.sha256[:32],  # the store's limit is 36 characters
                source_type="local",
                source=json.dumps({"sha256": record.sha256}),
                profile=json.dumps({"recordings": len(record.members), "members": dict(record.members)})[:60_000],
            ),
            tags=[InputTag("mlflow.data.context", record.role)],
        )
        for record in records
    ]
    connect(settings).log_inputs(run_id, datasets=inputs)


def _key(text: str) -> str:
    """A metric's or parameter's name with characters that MLflow takes."""
    return re.sub(r"[^\w\-./ ]", "_", text)
