"""Earlier names of fields, kinds and labels of detectors: read, and written under the new ones."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import TypeAdapter

from aemodels.core.spec import Spec
from aemodels.detect import DetectorSpec, ThresholdSpec
from aemodels.detect.cross_curve.boosted_predictor import BoostingSpec
from aemodels.detect.thresholds import Quantile, present_label

KINDS = (*get_args(get_args(DetectorSpec)[0]), *get_args(get_args(ThresholdSpec)[0]), BoostingSpec)
RENAMED = [(kind, earlier, name) for kind in KINDS for earlier, name in kind.earlier_names.items()]


@pytest.mark.parametrize(("kind", "earlier", "name"), RENAMED, ids=lambda item: getattr(item, "__name__", item))
def test_an_earlier_field_is_read_and_written_under_its_new_name(kind: type[Spec], earlier: str, name: str) -> None:
    required = {"members": ("rules",)} if "members" in kind.model_fields and kind.__name__ == "Fusion" else {}
    value = kind.model_fields[name].default
    spec = kind.model_validate({**required, earlier: value})
    assert spec == kind.model_validate({**required, name: value})
    written = spec.model_dump()
    assert name in written
    assert earlier not in written


@pytest.mark.parametrize(
    ("earlier", "kind"), [("stranger_network", "open_set_network"), ("trace_bank", "trace_ensemble")]
)
def test_an_earlier_kind_is_read_and_written_under_its_new_name(earlier: str, kind: str) -> None:
    assert TypeAdapter(DetectorSpec).validate_python({"kind": earlier}).model_dump()["kind"] == kind


def test_an_earlier_label_of_a_threshold_is_that_of_the_same_threshold() -> None:
    assert present_label("quantile_own") == Quantile.model_validate({"own": 0.5}).label == "quantile_standardised"
    assert present_label("quantile") == Quantile().label
