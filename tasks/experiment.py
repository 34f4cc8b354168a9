"""The run of an experiment: opened with its specification, its data by hash, and what a gate needs later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from aemodels.experiment import ExperimentSpec
from tasks.prepare import PreparedRef
from tasks.settings import Settings
from tasks.tracking import RunSpec, flatten, log_datasets, log_document, log_text, tracked_run
from tasks.train import Parent

EVIDENCE = "evidence.json"


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
    }
    run = RunSpec(experiment=f"sondeflow-{spec.name}", name=f"{spec.name}-{purpose}", params=params, tags=tags)
    with tracked_run(settings, run) as handle:
        log_datasets(settings, handle.run_id, data.dataset_records(spec.name))
        log_text(settings, handle.run_id, "spec.yaml", yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False))
        evidence = {"experiment": spec.name, "default": spec.default, "data": data.model_dump(mode="json")}
        log_document(settings, handle.run_id, EVIDENCE, evidence)
        yield Parent(experiment=run.experiment, run_id=handle.run_id, address=handle.address)
