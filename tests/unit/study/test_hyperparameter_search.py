"""Parameters that a sweep varies, and the specification with other values."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from aemodels.core.errors import SpecError
from aemodels.experiment.spec import ExperimentSpec
from aemodels.experiment.sweep_spec import Choices, Span
from aemodels.study.hyperparameter_search import checked_sweep, specified_values, validation_gains, with_values
from helpers.tiny_specs import LOGS

PARAMETERS = {
    "training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "widths": {"choices": [[64, 32], [32]]},
    "training.noise.0.factor": {"choices": [0.1, [0.05, 0.3]]},
}


def _spec(**sweep: Any) -> ExperimentSpec:
    raw = copy.deepcopy(LOGS)
    raw["contenders"][1]["model"]["training"]["noise"] = [{"kind": "gaussian", "factor": 0.1}]
    return ExperimentSpec.model_validate({**raw, "sweep": {"contender": "dense", "parameters": PARAMETERS, **sweep}})


def test_values_are_set_where_their_paths_lead():
    values = {"training.learning_rate": 0.005, "widths": [32], "training.noise.0.factor": [0.05, 0.3]}
    spec = _spec()
    whole = with_values(spec, values)
    contender = whole.contender("dense")
    assert (contender.name, contender.model.widths) == ("dense", (32,))
    assert contender.model.training.learning_rate == 0.005
    assert contender.model.training.noise[0].factor == (0.05, 0.3)
    assert [one.name for one in whole.contenders] == ["pca_wiener", "dense"]
    assert spec.contender("dense").model.widths == (64, 32), "the specification itself stays"


def test_own_values_are_those_of_the_specification():
    spec = _spec()
    own = specified_values(spec, checked_sweep(spec))
    assert own == {"training.learning_rate": 1e-3, "widths": [64, 32], "training.noise.0.factor": 0.1}
    assert all(own[path] in span for path, span in checked_sweep(spec).parameters.items())


def test_earlier_names_in_paths_are_understood():
    paths = {"training.noise.0.uneven": {"choices": [0.2, 0.4]}}
    spec = _spec(parameters=paths)
    assert specified_values(spec, checked_sweep(spec)) == {"training.noise.0.uneven": 0.0}
    changed = with_values(spec, {"training.noise.0.uneven": 0.4})
    assert changed.contender("dense").model.training.noise[0].per_channel_share == 0.4


@pytest.mark.parametrize(
    ("sweep", "reason"),
    [
        ({"contender": "unet"}, "expected one of"),
        ({"parameters": {"training.learing_rate": {"choices": [1]}}}, "no 'learing_rate' there"),
        ({"parameters": {"training.noise.3.factor": {"choices": [1]}}}, "expected one of"),
        ({"parameters": {"latent.deeper": {"choices": [1]}}}, "no 'deeper' there"),
    ],
)
def test_unknown_contenders_and_parameters_are_refused_before_training(sweep, reason):
    with pytest.raises(SpecError, match=reason):
        checked_sweep(_spec(**sweep))


def test_a_specification_without_a_sweep_is_refused():
    with pytest.raises(SpecError, match="no section sweep"):
        checked_sweep(ExperimentSpec.model_validate(LOGS))


def test_values_that_the_contender_cannot_have_are_refused():
    with pytest.raises(SpecError, match="cannot have"):
        with_values(_spec(), {"training.learning_rate": -1.0})


@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [
        (Span(low=1, high=8), [1, 8], [0, 9, 2.5]),
        (Span(low=0.5, high=8), [0.5, 2, 7.5], [0.4, 9]),
        (Choices(choices=([1, 2], "a", None)), [[1, 2], "a", None], [1, [1], "b"]),
    ],
)
def test_membership_in_a_search_space(span, inside, outside):
    assert all(value in span for value in inside)
    assert not any(value in span for value in outside)


@pytest.mark.parametrize("span", [{"low": 2, "high": 2}, {"low": 0, "high": 1, "log": True}, {"low": 3, "high": 1}])
def test_empty_ranges_are_refused(span):
    with pytest.raises(ValidationError, match="expected low below high"):
        Span.model_validate(span)


def test_gains_are_those_of_the_validation_sections(wells):
    from aemodels.study.steps import fit_contender, prepare

    spec = ExperimentSpec.model_validate(LOGS)
    prepared = prepare(spec, wells)
    denoiser = fit_contender(spec, "pca_wiener", prepared).denoiser
    found = validation_gains(spec, prepared, denoiser)
    assert list(found) == ["noise 0.2"]
    from dataclasses import replace

    # only the validation sections count: the same without a hold-out, other gains if it replaces them
    assert validation_gains(spec, replace(prepared, test=()), denoiser) == found
    assert validation_gains(spec, replace(prepared, validation=prepared.test), denoiser) != found
