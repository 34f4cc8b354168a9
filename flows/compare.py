"""Flow: comparison of contenders or detectors on the hold-out."""

from __future__ import annotations

from typing import Literal

from prefect import flow, unmapped
from prefect.artifacts import create_markdown_artifact

from aemodels.experiment.spec import ExperimentSpec
from flows.ingest import DataPaths, IngestRequest, ingest
from flows.results import CompareResult, markdown_table, table_rows
from flows.runners.from_settings import settings_runner
from tasks.settings import Settings
from tasks.training.compare import study_denoisers, study_detectors
from tasks.training.experiment import experiment_run
from tasks.training.prepare import prepare_data
from tasks.training.record import log_denoising, log_detectors, log_study
from tasks.training.start import resolve
from tasks.training.train import fit


@flow(name="compare", task_runner=settings_runner())
def compare(what: Literal["denoise", "anomalies"], spec: ExperimentSpec, data: DataPaths) -> CompareResult:
    """Fit (or load) every contender, compare on the hold-out and log the tables; nothing is registered.

    Args:
        what: denoisers under noise, or detectors on injected faults.
        spec: specification of the experiment.
        data: files, folders or URLs.
    """
    settings = Settings()
    spec = resolve(spec, settings)
    prepared = prepare_data(spec, ingest(IngestRequest(path=data)), settings)
    spec = prepared.adapted(spec)
    with experiment_run(spec, prepared, settings, purpose=f"compare-{what}") as parent:
        names = [contender.name for contender in spec.contenders]
        fits = fit.map(unmapped(spec), names, unmapped(prepared), unmapped(parent), unmapped(settings)).result()
        if what == "denoise":
            study = study_denoisers(spec, prepared, fits, settings)
            metrics = log_denoising(spec, study, fits, parent, settings)
        else:
            study = study_detectors(spec, prepared, fits, settings)
            metrics = log_detectors(spec, study, parent, settings)
        log_study(study, parent, settings)
    result = CompareResult(
        run_id=parent.run_id,
        address=parent.address,
        experiment=parent.experiment,
        what=what,
        metrics=metrics,
        tables={name: table_rows(study, name) for name in study.tables()},
        findings=prepared.findings + tuple(finding for fitted in fits for finding in fitted.findings),
    )
    pages = [f"## {name}\n\n{markdown_table(list(rows)[:60])}" for name, rows in result.tables.items()]
    create_markdown_artifact(key="compared", markdown="\n\n".join([f"MLflow run: {parent.address}", *pages]))
    return result
