"""The run of an experiment: opened with its specification, its data by hash, and what a gate needs later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml
from prefect import task
from prefect.cache_policies import NO_CACHE

from aemodels.experiment import ExperimentSpec
from tasks.prepare import PreparedRef
from tasks.refs import digest_of
from tasks.settings import Settings
from tasks.tracking import (
    RunSpec,
    find,
    finished_run,
    flatten,
    log_datasets,
    log_document,
    log_text,
    nominate,
    read_document,
    tracked_run,
)
from tasks.train import Parent
from tasks.versions import STUDYING, code_hash

EVIDENCE = "evidence.json"
RESULT = "result.json"
TRAIN = "train"


def experiment_key(spec: ExperimentSpec, data: PreparedRef) -> str:
    """The identity of an experiment: the same specification, data and code give the same result."""
    return digest_of([spec.model_dump(mode="json"), data.data_sha256, code_hash(STUDYING)])


@task(name="recall-training", cache_policy=NO_CACHE)
def recall(spec: ExperimentSpec, data: PreparedRef, settings: Settings) -> dict[str, Any] | None:
    """What a finished training of the same experiment handed back; its version is the challenger again.

    None where there was none, or where its version has been deleted since.
    """
    tags = {"experiment_key": experiment_key(spec, data), "purpose": TRAIN}
    run_id = finished_run(settings, experiment_name(spec), tags)
    if run_id is None:
        return None
    try:
        result = read_document(settings, run_id, RESULT)
    except FileNotFoundError:
        return None  # it ended before it could write down its result
    model = find(settings, f"models:/{result['model']}/{result['version']}")
    if model is None:
        return None
    nominate(settings, model)
    return result | {"created": False}


@task(name="remember-training", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5, retry_jitter_factor=1.0)
def remember(result: dict[str, Any], settings: Settings) -> None:
    """Write down what a training handed back, for `recall`."""
    log_document(settings, result["run_id"], RESULT, result)


def experiment_name(spec: ExperimentSpec) -> str:
    """Name of the MLflow experiment."""
    return f"sondeflow-{spec.name}"


@contextmanager
def experiment_run(spec: ExperimentSpec, data: PreparedRef, settings: Settings, *, purpose: str) -> Iterator[Parent]:
    """The parent run of an experiment; it ends FINISHED, or FAILED with the reason.

    Args:
        spec: logged whole, as parameters and as YAML.
        data: logged by hash, role by role.
        settings: where the store is.
        purpose: "train", "compare-denoise" or "compare-anomalies"; a tag.
    """
    params = {key: value for key, value in flatten(spec).items() if not key.startswith("contenders.")}
    tags = {
        "purpose": purpose,
        "kind": spec.kind,
        "role": "experiment",
        "data_sha256": data.data_sha256,
        "holdout_sha256": data.holdout_sha256,
        "experiment_key": experiment_key(spec, data),
    }
    run = RunSpec(experiment=experiment_name(spec), name=f"{spec.name}-{purpose}", params=params, tags=tags)
    with tracked_run(settings, run) as handle:
        log_datasets(settings, handle.run_id, data.dataset_records(spec.name))
        log_text(settings, handle.run_id, "spec.yaml", yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False))
        evidence = {"experiment": spec.name, "default": spec.default, "data": data.model_dump(mode="json")}
        log_document(settings, handle.run_id, EVIDENCE, evidence)
        yield Parent(experiment=run.experiment, run_id=handle.run_id, address=handle.address)
