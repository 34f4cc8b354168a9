"""Flow: hyperparameter search over one contender, with one run per trial, evaluated on validation wells."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from aemodels.experiment.spec import ExperimentSpec
from flows.ingest import PATHS, DataPaths, IngestRequest, ingest
from flows.results import markdown_table
from tasks.settings import Settings
from tasks.training.experiment import experiment_run, send_waiting
from tasks.training.hyperparameter_search import Trial, best_trial, log_sweep, run_search, with_trials
from tasks.training.prepare import prepare_data
from tasks.training.start import resolve


class SweepRequest(BaseModel):
    """Request for a hyperparameter search."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    spec: ExperimentSpec = Field(description="specification of the experiment, with a section sweep")
    data: DataPaths = Field(min_length=1, max_length=1000, description=PATHS)
    trials: int | None = Field(
        default=None, ge=1, le=10_000, description="total number of trials; default: that of the specification"
    )


class SweepResult(BaseModel):
    """Result of a hyperparameter search."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    address: str
    experiment: str
    contender: str
    winner: Trial
    trials: tuple[Trial, ...]
    spec: str

    def rows(self) -> list[dict[str, Any]]:
        """Return the trials for display, the best first."""
        ordered = sorted(self.trials, key=lambda one: (one.gain_db is None, -(one.gain_db or 0.0)))
        return [
            {"trial": one.number, **one.values, "validation gain, dB": one.gain_db, "failed": one.reason[:80]}
            for one in ordered
        ]


@flow(name="sweep", timeout_seconds=24 * 3600)
def sweep(request: SweepRequest) -> SweepResult:
    """Search parameters of one contender; an interrupted search continues when it is requested again.

    Args:
        request: experiment, data and number of trials.
    """
    settings = Settings()
    send_waiting(settings)
    spec = resolve(with_trials(request.spec, request.trials), settings)
    prepared = prepare_data(spec, ingest(IngestRequest(path=request.data)), settings)
    spec = prepared.adapted(spec)
    with experiment_run(spec, prepared, settings, purpose="sweep") as parent:
        trials = run_search(spec, prepared, parent, settings)
        text = log_sweep(spec, trials, parent, settings)
    result = SweepResult(
        run_id=parent.run_id,
        address=parent.address,
        experiment=parent.experiment,
        contender=spec.sweep.contender if spec.sweep else "",
        winner=best_trial(trials),
        trials=tuple(trials),
        spec=text,
    )
    create_markdown_artifact(key="swept", markdown=markdown_table(result.rows()))
    return result
