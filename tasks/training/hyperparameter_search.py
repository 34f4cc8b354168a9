"""Hyperparameter search, stored in the home folder so that an interrupted one continues."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from aemodels.core.errors import SondeflowError, SpecError
from aemodels.experiment.spec import ExperimentSpec
from aemodels.experiment.sweep_spec import Choices, Span, SweepSpec
from aemodels.study.hyperparameter_search import checked_sweep, specified_values, validation_gains, with_values
from tasks.settings import Settings
from tasks.storage.code_version import STUDYING, code_hash
from tasks.storage.refs import digest_of
from tasks.tracking import log_metrics, log_table, log_text, set_tags
from tasks.training.figures import plain
from tasks.training.prepare import PreparedRef, load_prepared
from tasks.training.train import Parent, fit

if TYPE_CHECKING:
    import optuna

# Attribute of a trial that failed; a trial left behind by a crash has none and is tried again.
_REASON = "reason"
_RANDOM_TRIALS = 8


class Trial(BaseModel):
    """A trial of parameter values.

    Args:
        number: counted from 0, in the order of the trials.
        values: parameter values by path.
        gain_db: mean over conditions of the median gain over validation wells; None if the trial failed.
        gains: gain by condition.
        reason: reason of a failure, else "".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    values: dict[str, Any]
    gain_db: float | None = None
    gains: dict[str, float] = {}
    reason: str = ""


class HyperparameterSearch:
    """A search and its storage; equal specification, data and code give the same search.

    Args:
        spec: the experiment, with a section sweep.
        data: by reference; its hash is part of the search's identity.
        settings: name the home.
    """

    def __init__(self, spec: ExperimentSpec, data: PreparedRef, settings: Settings) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.spec, self.sweep = spec, checked_sweep(spec)
        searched = spec.model_dump(mode="json", exclude={"sweep": {"trials"}, "start": {"bundle"}})
        key = digest_of([searched, data.data_sha256, code_hash(STUDYING)])
        storage = optuna.storages.RDBStorage(f"sqlite:///{settings.home / 'sweeps.db'}")
        self.study = optuna.create_study(
            storage=storage, study_name=f"{spec.name}-{key[:16]}", direction="maximize", load_if_exists=True
        )

    @property
    def trials(self) -> list[Trial]:
        """Trials that have ended."""
        states = ("COMPLETE", "FAIL")
        ended = [one for one in self.study.trials if one.state.name in states]
        real = [one for one in ended if one.state.name == "COMPLETE" or _REASON in one.user_attrs]
        return [self._trial(number, one) for number, one in enumerate(real)]

    def recover(self) -> int:
        """Queue unfinished trials of a crashed search; a new search begins with the values of the specification.

        Returns:
            Number of finished trials.
        """
        from optuna.trial import TrialState

        for stale in self.study.get_trials(states=(TrialState.RUNNING,)):
            self.study.tell(stale.number, state=TrialState.FAIL)
            self.study.enqueue_trial(stale.params)
        own = specified_values(self.spec, self.sweep)
        if not self.study.trials and all(own[path] in span for path, span in self.sweep.parameters.items()):
            self.study.enqueue_trial({path: self._stored(path, value) for path, value in own.items()})
        return len(self.trials)

    def ask(self) -> tuple[optuna.Trial, dict[str, Any]]:
        """Return the next parameters: the first few at random, then by a tree-structured Parzen estimator.

        References:
            Bergstra, Bardenet, Bengio & Kegl (2011), NeurIPS 24.
        """
        import optuna

        # One seed per trial, so that a resumed search draws the same values as an uninterrupted one.
        seed = self.spec.seed + len(self.trials)
        self.study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_RANDOM_TRIALS)
        trial = self.study.ask()
        return trial, {path: _suggest(trial, path, span) for path, span in self.sweep.parameters.items()}

    def tell(self, trial: optuna.Trial, gains: Mapping[str, float]) -> None:
        """Store the gains of a trial."""
        trial.set_user_attr("gains", dict(gains))
        self.study.tell(trial, sum(gains.values()) / len(gains))

    def fail(self, trial: optuna.Trial, reason: str) -> None:
        """Store the reason of a failed trial."""
        from optuna.trial import TrialState

        trial.set_user_attr(_REASON, reason)
        self.study.tell(trial, state=TrialState.FAIL)

    def _stored(self, path: str, value: Any) -> Any:
        return json.dumps(value) if isinstance(self.sweep.parameters[path], Choices) else value

    def _trial(self, number: int, one: optuna.trial.FrozenTrial) -> Trial:
        chosen = {path: isinstance(span, Choices) for path, span in self.sweep.parameters.items()}
        values = {path: json.loads(value) if chosen[path] else value for path, value in one.params.items()}
        attributes = one.user_attrs
        return Trial(
            number=number,
            values=values,
            gain_db=one.value,
            gains=attributes.get("gains", {}),
            reason=attributes.get(_REASON, ""),
        )


def _suggest(trial: optuna.Trial, path: str, span: Choices | Span) -> Any:
    if isinstance(span, Choices):
        return json.loads(trial.suggest_categorical(path, span.as_json))
    if span.is_integer:
        return trial.suggest_int(path, int(span.low), int(span.high), log=span.log)
    return trial.suggest_float(path, span.low, span.high, log=span.log)


@contextmanager
def _exclusive(settings: Settings) -> Iterator[None]:
    """Allow one search at a time per home; a running trial of another search looks like one left by a crash."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "sweeps.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SpecError(f"another sweep is running in {settings.home}; wait for it, or use another home") from error
        yield


def run_search(spec: ExperimentSpec, data: PreparedRef, parent: Parent, settings: Settings) -> list[Trial]:
    """Run trials up to the number in the specification, each as a child run; finished ones are kept.

    Raises:
        SpecError: if no trial succeeded, or another search runs in the same home.
    """
    with _exclusive(settings):
        return _run_search(HyperparameterSearch(spec, data, settings), data, parent, settings)


def _run_search(search: HyperparameterSearch, data: PreparedRef, parent: Parent, settings: Settings) -> list[Trial]:
    spec = search.spec
    for done in search.trials[: search.recover()]:
        if not done.reason:
            _run(spec, done.values, data, parent.model_copy(update={"trial": done.number}), settings)
    while (number := len(search.trials)) < search.sweep.trials:
        asked, values = search.ask()
        try:
            gains = _run(spec, values, data, parent.model_copy(update={"trial": number}), settings)
        except SondeflowError as error:
            search.fail(asked, str(error))
        else:
            search.tell(asked, gains)
    if all(trial.reason for trial in search.trials):
        raise SpecError(f"none of {len(search.trials)} trials succeeded; the last: {search.trials[-1].reason}")
    return search.trials


def _run(
    spec: ExperimentSpec, values: Mapping[str, Any], data: PreparedRef, parent: Parent, settings: Settings
) -> dict[str, float]:
    """Fit with these values, or load the fit, and evaluate it on the validation wells."""
    trial = with_values(spec, values)
    ref = fit(trial, checked_sweep(spec).contender, data, parent, settings)
    gains = validation_gains(spec, load_prepared(spec, data.refs), ref.load(trial).denoiser)
    metrics = {f"validation_db.{plain(condition)}": gain for condition, gain in gains.items()}
    metrics["validation_db"] = sum(gains.values()) / len(gains)
    log_metrics(settings, ref.run_id, metrics)
    return gains


def best_trial(trials: list[Trial]) -> Trial:
    """Return the trial with the highest gain on the validation wells; of equal ones the first."""
    return max((trial for trial in trials if trial.gain_db is not None), key=lambda trial: trial.gain_db or 0.0)


@task(name="log-sweep", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=5, retry_jitter_factor=1.0)
def log_sweep(spec: ExperimentSpec, trials: list[Trial], parent: Parent, settings: Settings) -> str:
    """Log the trials, the best gain, and the experiment with the best parameters; return the latter as YAML."""
    import pandas as pd
    import yaml

    best = best_trial(trials)
    rows = [
        {"trial": one.number, **one.values, "validation_db": one.gain_db, **one.gains, "reason": one.reason}
        for one in trials
    ]
    table = pd.DataFrame(rows).map(lambda cell: json.dumps(cell) if isinstance(cell, list) else cell)
    log_table(settings, parent.run_id, "trials", table)
    metrics = {"best_validation_db": best.gain_db or 0.0, "trials": float(len(trials)), "winner": float(best.number)}
    log_metrics(settings, parent.run_id, metrics)
    set_tags(settings, parent.run_id, {"winner": json.dumps(best.values)})
    text = yaml.safe_dump(with_values(spec, best.values).model_dump(mode="json"), sort_keys=False)
    log_text(settings, parent.run_id, "winner.yaml", text)
    return text


def with_trials(spec: ExperimentSpec, trials: int | None) -> ExperimentSpec:
    """Return the experiment with another number of trials.

    Raises:
        SpecError: if it has no section sweep.
    """
    sweep: SweepSpec = checked_sweep(spec)
    return spec if trials is None else spec.model_copy(update={"sweep": sweep.model_copy(update={"trials": trials})})
