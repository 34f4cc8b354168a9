"""Data in their roles: what denoisers get of wells of other basins."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.types import Recording, Source
from aemodels.experiment.fitted import Prepared
from aemodels.experiment.spec import ExperimentSpec
from aemodels.study.steps import prepare
from helpers.recordings import make_well
from helpers.tiny_specs import LOGS

STUCK = slice(300, 500)


def _well(number: int, folder: str, step: float = 0.1524) -> Recording:
    well = make_well(f"W{number}", samples=1500, seed=number)
    source = Source(f"{folder}/{number}.las", f"{number:064x}")
    return dataclasses.replace(well, source=source, axis=1000.0 + step * np.arange(well.axis.size))


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    spec = ExperimentSpec.model_validate(LOGS | {"split": {"home": ["home"], "test": ["W0"]}})
    stuck = _well(5, "kansas")
    values = stuck.values.copy()
    values[1, STUCK] = values[1, STUCK.start]
    others = [stuck.with_values(values), _well(6, "kansas", 0.25), _well(7, "kansas", 0.5)]
    return prepare(spec, [_well(number, "home") for number in range(4)] + others)


def test_they_are_as_recorded_where_scoring_denoises_them_so(prepared):
    sizes = [section.values.shape[1] for section in prepared.elsewhere_as_recorded]
    assert sizes[:2] == [1500, 1500]
    assert sizes[2] == prepared.elsewhere[2].values.shape[1] > 4000  # beyond twice the step: at that of the networks
    np.testing.assert_allclose(
        prepared.elsewhere_as_recorded[2].values, prepared.elsewhere[2].values, atol=1e-6, equal_nan=True
    )


def test_they_are_without_stuck_readings(prepared):
    mask = prepared.elsewhere_as_recorded[0].mask
    assert not mask[1, STUCK].any()
    assert mask[0, STUCK].mean() > 0.95
    assert prepared.elsewhere[0].mask[1, STUCK].all()  # detectors see what was recorded


def test_without_other_basins_there_are_none():
    spec = ExperimentSpec.model_validate(LOGS | {"split": {"test": ["W0"]}})
    assert prepare(spec, [_well(number, "home") for number in range(4)]).elsewhere_as_recorded == ()
