"""Run of an experiment, with its specification, hashes of its data, and the evidence for the promotion gate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml
from prefect import task
from prefect.cache_policies import NO_CACHE

from aemodels.experiment.spec import ExperimentSpec
from tasks.settings import Settings
from tasks.storage.code_version import STUDYING, code_hash
from tasks.storage.refs import digest_of
from tasks.tracking import (
    EVIDENCE,
    PENDING,
    ModelVersion,
    RunSpec,
    Sent,
    answers,
    find,
    finished_run,
    flatten,
    flush,
    log_datasets,
    log_document,
    log_text,
    read_document,
    recorded_run,
    send_pending,
    set_challenger,
    tracked_run,
)
from tasks.tracking.provenance import flow_tags, run_name
from tasks.training.prepare import PreparedRef
from tasks.training.train import STARTED_FROM, Parent

RESULT = "result.json"
MODEL = "model.json"
TRAIN = "train"
CALIBRATE = "calibrate"
CALIBRATED_FROM = "calibrated_from"  # in the evidence: hash of the bundle whose thresholds were fitted again


def experiment_key(spec: ExperimentSpec, data: PreparedRef) -> str:
    """Return the hash of an experiment's specification, data and code; equal hashes give equal results."""
    return digest_of([spec.science, data.data_sha256, code_hash(STUDYING), *data.label_keys])


@task(name="load-training-result", cache_policy=NO_CACHE)
def load_result(spec: ExperimentSpec, data: PreparedRef, settings: Settings) -> dict[str, Any] | None:
    """Return the result of a finished training of the same experiment, and make its version the challenger again.

    None if there is no such training, or its version has been deleted. If the tracking store is unavailable, the result
    of a training that is still to be uploaded is returned, so that it is not recorded twice.
    """
    tags = {"experiment_key": experiment_key(spec, data), "purpose": TRAIN}
    if not answers(settings):
        key = recorded_run(settings, tags)
        return None if key is None else _result(settings, key)
    run_id = finished_run(settings, experiment_name(spec), tags)
    result = None if run_id is None else _result(settings, run_id)
    if run_id is None or result is None:
        return None
    model = _version(settings, run_id, result)
    if model is None:
        return None
    set_challenger(settings, model)
    return result | {"run_id": run_id, "version": model.version, "created": False}


def _result(settings: Settings, run_id: str) -> dict[str, Any] | None:
    """Return the stored result of a run; None if the run ended before it was stored."""
    try:
        return read_document(settings, run_id, RESULT)
    except FileNotFoundError:
        return None


def _version(settings: Settings, run_id: str, result: dict[str, Any]) -> ModelVersion | None:
    """Return the version that a training registered; for a run uploaded later, it is read from the run."""
    version = result["version"]
    if version == PENDING:
        version = read_document(settings, run_id, MODEL)["version"]
    return find(settings, f"models:/{result['model']}/{version}")


@task(name="save-training-result", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5, retry_jitter_factor=1.0)
def save_result(result: dict[str, Any], settings: Settings) -> None:
    """Store the result of a training for `load_result`."""
    log_document(settings, result["run_id"], RESULT, result)


@task(name="send-pending", cache_policy=NO_CACHE)
def send_waiting(settings: Settings) -> list[Sent]:
    """Upload runs recorded while the tracking store was unavailable; return at once if it still is."""
    return send_pending(settings)


def experiment_name(spec: ExperimentSpec) -> str:
    """Return the name of the MLflow experiment."""
    return f"sondeflow-{spec.name}"


@contextmanager
def experiment_run(
    spec: ExperimentSpec, data: PreparedRef, settings: Settings, *, purpose: str, spec_file: str = ""
) -> Iterator[Parent]:
    """Open the parent run of an experiment; it ends FINISHED, or FAILED with the reason.

    Args:
        spec: logged as parameters and as YAML.
        data: logged as one hash per role.
        settings: address of the tracking store.
        purpose: "train", "compare-denoise" or "compare-anomalies"; a tag.
        spec_file: path or name that the specification was read from; a tag.
    """
    started = {} if spec.start is None else {STARTED_FROM: spec.start.content_hash, "start": spec.start.bundle}
    tags = {
        "purpose": purpose,
        "kind": spec.kind,
        "role": "experiment",
        "spec_file": spec_file or "not from a file",
        "data_sha256": data.data_sha256,
        "holdout_sha256": data.holdout_sha256,
        "experiment_key": experiment_key(spec, data),
        **started,
        **flow_tags(),
    }
    name = run_name(purpose, spec.name)
    run = RunSpec(experiment=experiment_name(spec), name=name, params=flatten(spec), tags=tags)
    with tracked_run(settings, run) as handle:
        log_datasets(settings, handle.run_id, data.dataset_records(spec.name))
        log_text(settings, handle.run_id, "spec.yaml", yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False))
        evidence = {"experiment": spec.name, "default": spec.default, "data": data.model_dump(mode="json"), **started}
        log_document(settings, handle.run_id, EVIDENCE, evidence)
        flush(settings, handle.run_id)
        yield Parent(experiment=run.experiment, run_id=handle.run_id, address=handle.address)
