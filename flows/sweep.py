"""Flow: a small search over a contender's parameters, each trial a run, the winner named on validation wells."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from aemodels.experiment.spec import ExperimentSpec
from flows.ingest import IngestRequest, ingest
from flows.results import markdown_table
from tasks.settings import Settings
from tasks.training.experiment import experiment_run, send_waiting
from tasks.training.hyperparameter_search import Trial, best_trial, log_sweep, run_search, with_trials
from tasks.training.prepare import prepare_data


class SweepRequest(BaseModel):
    """Which experiment, on which data, and how long."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    spec: ExperimentSpec = Field(description="the science, with a section sweep")
    data: str = Field(min_length=1, max_length=4096, description="a file, a folder (nested or not) or a URL")
    trials: int | None = Field(default=None, ge=1, le=10_000, description="trials in all; the specification's if unset")


class SweepResult(BaseModel):
    """One search."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    address: str
    experiment: str
    contender: str
    winner: Trial
    trials: tuple[Trial, ...]
    spec: str

    def rows(self) -> list[dict[str, Any]]:
        """The trials for people, the best first."""
        ordered = sorted(self.trials, key=lambda one: (one.gain_db is None, -(one.gain_db or 0.0)))
        return [
            {"trial": one.number, **one.values, "validation gain, dB": one.gain_db, "failed": one.reason[:80]}
            for one in ordered
        ]


@flow(name="sweep", timeout_seconds=24 * 3600)
def sweep(request: SweepRequest) -> SweepResult:
    """Try parameters of one contender; asked for again, a search that was cut off goes on.

    Args:
        request: which experiment, on which data, and how long.
    """
    settings = Settings()
    send_waiting(settings)
    spec = with_trials(request.spec, request.trials)
    prepared = prepare_data(spec, ingest(IngestRequest(path=request.data)))
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
