"""Figures by family of faults and by basin: which wells and faults serve which end."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from aemodels.core.types import Recording, Source
from aemodels.detect import CrossCurve, Fusion, IsolationForest, Rules
from aemodels.detect.base import DetectContext, out_of_fold_detectors
from aemodels.evaluate.detection.compare import threshold_scores
from aemodels.evaluate.detection.faulty_copies import clean_rows, section_scores
from aemodels.evaluate.detection.generalisation import (
    CHOOSING,
    OTHER_BASIN,
    OTHER_INJECTOR,
    OWN_INJECTOR,
    REPORTING,
    elsewhere_alarms,
    generalisation_table,
    make_cases,
    worse_than_members,
)
from aemodels.experiment.fitted import Prepared
from aemodels.experiment.spec import ExperimentSpec
from aemodels.study.steps import prepare
from helpers.recordings import make_well
from helpers.tiny_specs import LOGS

FAMILIES = {
    "training_faults": [{"kind": "spike_random"}, {"kind": "unit_random"}],
    "choosing_faults": [{"kind": "spike"}, {"kind": "unit"}],
    "faults": [{"kind": "spike_simulated"}, {"kind": "unit_simulated"}],
}


def _spec(**anomalies: Any) -> ExperimentSpec:
    split = {"home": ["home"], "test": ["W0"]}
    detectors = [
        {"name": "rules", "model": {"kind": "rules"}},
        {"name": "cross", "model": {"kind": "cross_curve"}},
        {"name": "forest", "model": {"kind": "isolation_forest"}},
        {"name": "fusion", "model": {"kind": "fusion", "members": ["rules", "cross"]}},
    ]
    families = FAMILIES | {"repeats": 1, "events": 0, "detectors": detectors}
    return ExperimentSpec.model_validate(LOGS | {"split": split, "anomalies": LOGS["anomalies"] | families | anomalies})


def _recordings() -> list[Recording]:
    folders = ["home"] * 4 + ["kansas_east", "kansas_central", "alberta", "alberta"]
    return [
        dataclasses.replace(make_well(f"W{n}", samples=1500, seed=n), source=Source(f"{folder}/{n}.las", f"{n:064x}"))
        for n, folder in enumerate(folders)
    ]


@cache
def _prepared() -> Prepared:
    return prepare(_spec(), _recordings())


@cache
def _table() -> pd.DataFrame:
    prepared = _prepared()
    context = DetectContext("logs", 0, {}, recordings=prepared.detector_recordings, normaliser=prepared.normaliser)
    detectors = {"rules": Rules(), "cross": CrossCurve()}
    fitted = {name: spec.fit(prepared.detector_training, context) for name, spec in detectors.items()}
    specs = dataclasses.replace(context, specs=detectors, fitted=fitted)
    fitted["fusion"] = Fusion(members=("rules", "cross"), combine="max").fit(prepared.detector_training, specs)
    return generalisation_table(_spec(), prepared, fitted, make_cases(_spec(), prepared))


def test_no_well_and_no_family_serves_two_ends() -> None:
    cases = make_cases(_spec(), _prepared())
    wells, kinds = {}, {}
    for purpose, of_purpose in cases.items():
        assert [case.column for case in of_purpose] == [OWN_INJECTOR, OTHER_INJECTOR, OTHER_BASIN]
        wells[purpose] = {copy.name for case in of_purpose for copy in case.copies}
        kinds[purpose] = {kind for case in of_purpose[1:] for copy in case.copies for kind, _ in copy.events}
    assert not wells[CHOOSING] & wells[REPORTING]
    assert not {recording.name for recording in _prepared().split.train} & (wells[CHOOSING] | wells[REPORTING])
    assert kinds[CHOOSING] == kinds[REPORTING] == {"spike", "unit"}  # kinds of fault, made by other injectors


def test_a_well_of_another_basin_is_scored_by_what_was_fitted_without_its_basin() -> None:
    prepared = _prepared()
    far = CrossCurve().fit(prepared.detector_training, DetectContext("logs", 0, {})).out_of_fold
    for number, section in enumerate(prepared.detector_training):
        kept = [
            other
            for place, other in enumerate(prepared.detector_training)
            if place != number and (not section.basin or other.basin != section.basin)
        ]
        alone = CrossCurve().fit(kept, DetectContext("logs", 0, {}))
        assert abs(far[number].predictor.predict(section) - alone.predictor.predict(section)).max() < 1e-3


def test_every_detector_has_figures_in_every_column() -> None:
    table = _table()
    assert len(table) == 3 * 2 * 3
    assert table["pr_auc"].between(0, 1).all()
    assert (table[table["column"] == OTHER_BASIN]["wells"] == 2).all()


def test_a_fusion_that_is_worse_than_a_member_is_named_with_the_column() -> None:
    table = _table().copy()
    chosen = (table["purpose"] == CHOOSING) & (table["column"] == OTHER_BASIN)
    table.loc[chosen & (table["detector"] == "fusion"), "pr_auc"] = 0.1
    table.loc[chosen & (table["detector"] != "fusion"), "pr_auc"] = 0.9
    rest = ~chosen & (table["detector"] == "fusion")
    table.loc[rest, "pr_auc"] = 1.0
    assert OTHER_BASIN in worse_than_members(_spec(), table, CHOOSING)["fusion"]
    assert not worse_than_members(_spec(), table, REPORTING)


def test_false_alarms_are_counted_in_every_well_of_another_basin() -> None:
    prepared = _prepared()
    detector = Rules().fit(prepared.detector_training, DetectContext("logs", 0, {}, normaliser=prepared.normaliser))
    found = elsewhere_alarms(_spec(), prepared, detector, threshold=1e9)
    assert found["well"].tolist() == [recording.name for recording in prepared.split.elsewhere]
    assert (found["flagged"] == 0).all()
    everything = elsewhere_alarms(_spec(), prepared, detector, threshold=-1.0)
    assert (everything["flagged"] == 1).all()
    assert not found["hole_known"].any()


def test_thresholds_are_fitted_to_the_wells_of_all_basins_each_scored_without_its_basin() -> None:
    prepared = _prepared()
    context = DetectContext("logs", 0, {}, recordings=prepared.detector_recordings, normaliser=prepared.normaliser)
    rules = Rules().fit(prepared.detector_training, context)
    masks = {role: clean_rows(getattr(prepared, role), "logs") for role in ("detector_training", "validation")}
    found = threshold_scores(_spec(), rules, prepared, masks)
    assert len(found) == len(prepared.train) + len(prepared.elsewhere) + len(prepared.validation)
    without = out_of_fold_detectors(rules, prepared.detector_training)
    for number, well in enumerate(prepared.detector_training):
        (rows,) = section_scores(without[number], [well], "logs")
        kept = masks["detector_training"][number]
        np.testing.assert_array_equal(found[number][kept], rows[kept])
        assert np.isnan(found[number][~kept]).all()


def test_without_out_of_fold_copies_thresholds_are_fitted_to_validation_wells_alone() -> None:
    prepared = _prepared()
    context = DetectContext("logs", 0, {}, recordings=prepared.detector_recordings, normaliser=prepared.normaliser)
    forest = IsolationForest().fit(prepared.detector_training, context)
    masks = {role: clean_rows(getattr(prepared, role), "logs") for role in ("detector_training", "validation")}
    assert len(threshold_scores(_spec(), forest, prepared, masks)) == len(prepared.validation)
