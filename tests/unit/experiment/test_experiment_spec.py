"""Validation of an experiment's specification."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from aemodels.experiment.spec import ExperimentSpec
from flows.catalogue import load_spec, spec_names


def test_an_experiment_whose_conditions_are_all_reported_only_is_refused():
    spec = load_spec("demo-logs").model_dump(mode="json")
    for condition in spec["test_conditions"]:
        condition["decisive"] = False
    with pytest.raises(ValidationError, match="nothing could be promoted"):
        ExperimentSpec.model_validate(spec)


@pytest.mark.parametrize("name", spec_names())
def test_every_shipped_experiment_holds_together(name: str):
    assert load_spec(name).name == name


FAMILIES = {
    "training_faults": [{"kind": "spike_random"}],
    "choosing_faults": [{"kind": "spike"}],
    "faults": [{"kind": "spike_simulated"}],
}


@pytest.mark.parametrize(
    ("first", "second"),
    [("training_faults", "choosing_faults"), ("choosing_faults", "faults"), ("training_faults", "faults")],
)
def test_a_family_of_faults_that_serves_two_ends_is_refused(first: str, second: str):
    spec = load_spec("demo-logs").model_dump(mode="json")
    spec["anomalies"] |= FAMILIES
    assert ExperimentSpec.model_validate(spec).anomalies.faults_for_choosing[0].kind == "spike"
    spec["anomalies"][second] = spec["anomalies"][first]
    with pytest.raises(ValidationError, match="serve more than one of training, choosing and evaluation"):
        ExperimentSpec.model_validate(spec)


def test_the_softer_level_is_a_threshold_of_its_own_rate():
    levels = load_spec("demo-logs").anomalies.levels
    chosen = load_spec("demo-logs").anomalies.chosen_threshold
    assert levels["suspect"].nominal_rate == pytest.approx(0.05)
    assert levels[chosen.label].nominal_rate == chosen.nominal_rate
