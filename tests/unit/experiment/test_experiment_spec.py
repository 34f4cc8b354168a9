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
