"""Out-of-fold copies of detectors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.detect import CrossCurve, FaultNetwork, Fusion, IsolationForest, Knn, Lag, Rules
from aemodels.detect.base import DetectContext, out_of_fold_detectors
from aemodels.detect.fusion.calibration_set import calibration_cases, out_of_fold_members
from aemodels.faults import LogSpike, Stuck, Unit, Washout
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_well

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
WELLS = [make_well(f"W-{n}", seed=n) for n in range(5)]
NORMALISER = CurvePercentiles().fit(WELLS[:3], CURVES)
TRAIN = [NORMALISER.apply(well) for well in WELLS[:3]]
NETWORK = FaultNetwork(members=2, widths=(4, 4), copies=4, steps=2, length=64, batch=2)
SPECS = {
    "rules": Rules(),
    "cross": CrossCurve(),
    "lag": Lag(),
    "knn": Knn(rows=500),
    "forest": IsolationForest(),
    "network": NETWORK,
}
CONTEXT = DetectContext(
    "logs",
    0,
    {},
    recordings=tuple(WELLS[:3]),
    validation=(NORMALISER.apply(WELLS[3]),),
    calibration=(WELLS[3],),
    normaliser=NORMALISER,
    faults=(Stuck(), LogSpike(), Unit()),
    specs=SPECS,
)


@pytest.mark.parametrize("name", ["rules", "cross", "lag"])
def test_a_training_well_is_predicted_out_of_fold(name: str):
    fitted = SPECS[name].fit(TRAIN, CONTEXT)
    for number, one in enumerate(out_of_fold_detectors(fitted, TRAIN)):
        others = SPECS[name].fit([section for place, section in enumerate(TRAIN) if place != number], CONTEXT)
        predicted = one.predictor.predict(TRAIN[number])
        np.testing.assert_allclose(predicted, others.predictor.predict(TRAIN[number]), atol=1e-4)
        assert np.abs(predicted - fitted.predictor.predict(TRAIN[number])).max() > 1e-4


def test_points_of_a_training_well_are_not_compared_with_themselves():
    fitted = SPECS["knn"].fit(TRAIN, CONTEXT)
    others = SPECS["knn"].fit(TRAIN[1:], CONTEXT)
    np.testing.assert_array_equal(out_of_fold_detectors(fitted, TRAIN)[0].score(TRAIN[0]), others.score(TRAIN[0]))
    assert not out_of_fold_detectors(SPECS["knn"].restore(fitted.arrays(), CONTEXT), TRAIN)


def test_a_network_scores_a_training_well_with_members_that_have_not_seen_it():
    fitted = NETWORK.fit(TRAIN, CONTEXT)
    apart = out_of_fold_detectors(fitted, TRAIN)
    assert [one.networks[0] is fitted.networks[0] for one in apart] == [True, False, True]
    assert all(len(one.networks) == 1 for one in apart)
    assert np.isfinite(apart[1].score(TRAIN[1])).any()
    mean = np.mean([one.logits(TRAIN[0]) for one in apart[:2]], axis=0)
    assert mean.shape == fitted.logits(TRAIN[0]).shape
    assert not out_of_fold_detectors(NETWORK.restore(fitted.arrays(), CONTEXT), TRAIN)


def test_no_fold_is_left_out_that_has_the_only_wells_of_a_kind():
    gamma_only = make_well("gamma", seed=9)
    kept = [row for row, name in enumerate(gamma_only.names) if name == "GR"]
    poor = dataclasses.replace(
        gamma_only, values=gamma_only.values[kept], channels=tuple(gamma_only.channels[row] for row in kept)
    )
    context = dataclasses.replace(CONTEXT, recordings=(WELLS[0], poor, poor), faults=(LogSpike(), Washout()))
    sections = [NORMALISER.apply(well) for well in context.recordings]
    fitted = NETWORK.fit(sections, context)
    assert not out_of_fold_detectors(fitted, sections)  # the one well with a density log teaches every member


def test_a_fusion_calibrates_on_training_wells_if_all_members_are_cross_fitted():
    able = {name: SPECS[name].fit(TRAIN, CONTEXT) for name in ("rules", "cross", "lag")}
    found = calibration_cases(able, out_of_fold_members(able, TRAIN), TRAIN, CONTEXT)
    assert [case.section for case in found] == [*TRAIN, *CONTEXT.validation]
    assert [case.recording for case in found] == [*WELLS[:3], WELLS[3]]
    assert found[0].members["rules"].predictor is able["rules"].out_of_fold_predictors[0]
    unable = able | {"forest": SPECS["forest"].fit(TRAIN, CONTEXT)}
    assert [case.section for case in calibration_cases(unable, out_of_fold_members(unable, TRAIN), TRAIN, CONTEXT)] == [
        *CONTEXT.validation
    ]


def test_a_fusion_is_cross_fitted_as_its_members_are():
    fitted = Fusion(members=("rules", "cross"), copies=1).fit(TRAIN, CONTEXT)
    assert len(fitted.out_of_fold) == len(TRAIN)
    assert fitted.out_of_fold[1].members["cross"].predictor is fitted.members["cross"].out_of_fold_predictors[1]
    restored = Fusion(members=("rules", "cross"), copies=1).restore(fitted.arrays(), CONTEXT)
    assert not restored.out_of_fold
    np.testing.assert_array_equal(restored.score(TRAIN[0]), fitted.score(TRAIN[0]))
    assert not Fusion(members=("rules", "forest"), copies=1).fit(TRAIN, CONTEXT).out_of_fold
