"""Fitting, one task per contender; fits are stored under a hash of their inputs."""

from __future__ import annotations

import math
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.evaluate.denoising.overfitting import best_epoch, overfit_ratio, training_findings
from aemodels.experiment.fitted import Fitted, Prepared
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.files.hashing import sha256_file
from aemodels.study.steps import fit_contender
from tasks.settings import Settings
from tasks.storage.code_version import FITTING, code_hash
from tasks.storage.folders import mark_used, whole_folder
from tasks.storage.refs import digest_of
from tasks.tracking import RunSpec, flatten, log_figures, log_history, log_metrics, set_tags, tracked_run
from tasks.tracking.provenance import flow_tags, run_name
from tasks.training.prepare import PreparedRef, load_started
from tasks.training.progress import EpochReporter, epoch_bar

# Keras seeds are global to the process, so two trainings at once would share one random stream.
# A run is opened once it has the lock, so that its duration does not include the wait.
_TRAINING_LOCK = threading.Lock()
ARRAYS = "arrays.npz"
STARTED_FROM = "started_from"  # tag, and in the evidence: hash of the bundle whose networks were trained further


class Parent(BaseModel):
    """The experiment's run, parent of the contenders' runs; in a hyperparameter search also the trial number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiment: str
    run_id: str
    address: str = ""
    trial: int | None = None


class FitRef(BaseModel):
    """Reference to a fitted contender.

    Args:
        contender: its name.
        uri: the folder written by `Fitted.save`.
        sha256: of its arrays.
        key: hash of its specification, data and code.
        run_id: the contender's run.
        seconds: wall time of the fit.
        parameters: number of fitted parameters.
        cached: the fit was loaded from disk.
        findings: problems of its training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contender: str
    uri: str
    sha256: str
    key: str
    run_id: str
    seconds: float
    parameters: int
    cached: bool
    findings: tuple[Finding, ...] = ()

    def load(self, spec: ExperimentSpec) -> Fitted:
        """Load the fitted contender.

        Raises:
            DataError: if its arrays differ from those that were saved.
        """
        found = sha256_file(Path(self.uri) / ARRAYS)
        if found != self.sha256:
            raise DataError(f"{self.uri}/{ARRAYS} has sha256 {found}; expected {self.sha256}; delete it, train again")
        return Fitted.load(Path(self.uri), spec)


@task(name="fit", task_run_name="fit-{name}", cache_policy=NO_CACHE)
def fit(spec: ExperimentSpec, name: str, data: PreparedRef, parent: Parent, settings: Settings) -> FitRef:
    """Fit one contender, or load it from disk, and log it as a child run.

    An interrupted training resumes after its last finished epoch when it is requested again.
    """
    # Dask sends this function with the objects that it names, and the one it calls by name alone: a lock cannot be sent
    return fit_or_load(spec, name, data, parent, settings)


def fit_or_load(spec: ExperimentSpec, name: str, data: PreparedRef, parent: Parent, settings: Settings) -> FitRef:
    """Fit one contender, or load it from disk, and log it as a child run: the work of the task `fit`."""
    contender = spec.contender(name)
    key = fit_key(spec, name, data)
    folder = settings.fits_dir / key
    cached = (folder / ARRAYS).is_file()
    numbered = {} if parent.trial is None else {"trial": str(parent.trial)}
    started = {} if spec.start is None or name not in spec.start.networks else {STARTED_FROM: spec.start.content_hash}
    tags = {"contender": name, "kind": contender.model.kind, "role": "contender", "data_sha256": data.data_sha256}
    run = RunSpec(
        experiment=parent.experiment,
        name=run_name("denoiser", name if parent.trial is None else f"{name} #{parent.trial}"),
        params=flatten(contender),
        tags={**tags, "cached": str(cached).lower(), **numbered, **started, **flow_tags()},
        parent=parent.run_id,
    )
    with nullcontext() if cached else _TRAINING_LOCK, tracked_run(settings, run) as handle:
        if cached:
            fitted = Fitted.load(folder, spec)
            mark_used(folder)
            log_history(settings, handle.run_id, fitted.history)
        else:
            checkpoint = settings.checkpoints_dir / f"{key}.npz"
            reporter = EpochReporter(settings, handle.run_id)
            fitted = _train(spec, name, data, reporter, checkpoint)
            with whole_folder(folder) as filling:
                fitted.save(filling)
            checkpoint.unlink(missing_ok=True)
        _log_outcome(settings, handle.run_id, fitted)
    return FitRef(
        contender=name,
        uri=str(folder),
        sha256=sha256_file(folder / ARRAYS),
        key=key,
        run_id=handle.run_id,
        seconds=fitted.seconds,
        parameters=fitted.parameters,
        cached=cached,
        findings=training_findings(name, fitted.history, fitted.dead_units),
    )


def fit_key(spec: ExperimentSpec, name: str, data: PreparedRef) -> str:
    """Return the hash of everything that a fit depends on."""
    relevant = spec.model_dump(
        mode="json",
        include={"kind", "seed", "curves", "minimum_samples", "split", "normalise", "tuning", "test_conditions"},
    )
    start = None if spec.start is None else spec.start.identity(name)
    contender = spec.contender(name).model_dump(mode="json")
    return digest_of([relevant, contender, start, data.data_sha256, code_hash(FITTING)])


def _train(spec: ExperimentSpec, name: str, data: PreparedRef, reporter: EpochReporter, checkpoint: Path) -> Fitted:
    prepared = load_started(spec, data.refs, reporter.settings)
    with epoch_bar(name, _epochs(spec, name, prepared), wanted=reporter.settings.progress) as show:
        reporter.show = show
        fitted = fit_contender(spec, name, prepared, reporter, checkpoint)
        reporter.flush()
    return fitted


def _epochs(spec: ExperimentSpec, name: str, prepared: Prepared) -> int | None:
    """Return the maximum number of epochs of a contender; None for methods without epochs."""
    training = getattr(spec.contender(name).model, "training", None)
    start = None if prepared.start is None else prepared.start.denoiser(name)
    if training is None or start is None:
        return getattr(training, "epochs", None)
    return start.shortened(training.epochs)


def _log_outcome(settings: Settings, run_id: str, fitted: Fitted) -> None:
    metrics: dict[str, Any] = {"fit_seconds": fitted.seconds, "parameters": fitted.parameters}
    found = training_findings(fitted.name, fitted.history, fitted.dead_units)
    tags = {"findings": "; ".join(str(finding) for finding in found), "resumed_epochs": fitted.resumed}
    set_tags(settings, run_id, {key: str(value) for key, value in tags.items() if value})
    if fitted.history.get("val_loss"):
        from aemodels.report.figures.index import loss_curves

        best, ratio = best_epoch(fitted.history), overfit_ratio(fitted.history)
        metrics |= {"best_epoch": best, "best_val_loss": fitted.history["val_loss"][best]}
        metrics["dead_units"] = sum(fitted.dead_units.values())
        metrics |= {"epochs": len(fitted.history["val_loss"]), "best_overfit_ratio": ratio}
        log_figures(settings, run_id, {"loss_curves": loss_curves(fitted.history, title=fitted.name)})
    log_metrics(settings, run_id, {key: value for key, value in metrics.items() if math.isfinite(value)})
