"""Predictions from other curves, signed residuals, depth shifts, and boosted trees as arrays."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.detect import CrossCurve, Lag
from aemodels.detect.base import DetectContext
from aemodels.detect.cross_curve.boosted_predictor import BoostingSpec
from aemodels.detect.cross_curve.linear_predictor import fit_predictors
from aemodels.detect.cross_curve.tree_arrays import flatten
from aemodels.detect.depth_shift.candidates import shift_evidence
from aemodels.detect.depth_shift.repeats import find_repeats
from aemodels.faults import DepthShift, inject
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_section, make_well

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
WELLS = [make_well(f"W-{n}", seed=n, samples=1500) for n in range(5)]
NORMALISER = CurvePercentiles().fit(WELLS[:4], CURVES)
TRAIN = [NORMALISER.apply(well) for well in WELLS[:4]]
CONTEXT = DetectContext("logs", 0, {}, normaliser=NORMALISER)


def _beds(seed: int, samples: int = 3000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.repeat(rng.random(samples), rng.integers(5, 30, samples))[:samples]


def test_a_linear_curve_is_predicted():
    first, second = _beds(1), _beds(2)
    section = make_section(np.stack([first, second, 0.2 + 0.5 * first - 0.3 * second]))
    predictor, _ = fit_predictors([section, section])
    left = predictor.predict(section)[2] - section.values[2]
    assert left.std() < 0.1 * section.values[2].std()


def test_a_missing_curve_is_not_used_in_predictions():
    first = _beds(1)
    values = np.stack([first, 1 - first, 0.3 + 0.4 * first])
    predictor, _ = fit_predictors([make_section(values)] * 2)
    mask = np.ones(values.shape, dtype=bool)
    mask[1] = False
    holed = values.copy()
    holed[1] = 0.5
    left = predictor.predict(make_section(holed, mask))[2] - values[2]
    assert left.std() < 0.15 * values[2].std()


def test_a_training_well_is_predicted_by_the_others():
    odd = make_section(np.stack([_beds(1), _beds(1)]))
    usual = [make_section(np.stack([_beds(n), 1 - _beds(n)])) for n in range(2, 6)]
    predictor, out_of_fold = fit_predictors([odd, *usual])
    here, there = (np.abs(one.predict(odd)[1] - odd.values[1]).mean() for one in (predictor, out_of_fold[0]))
    assert there > 1.05 * here


@pytest.mark.parametrize(("sign", "side"), [("below", -1.0), ("above", 1.0)])
@pytest.mark.parametrize("model", ["ridge", "boosting"])
def test_the_sign_of_the_residual_counts(model: str, sign: str, side: float):
    small = BoostingSpec(trees=25, depth=3, learning_rate=0.3, rows=1500)
    detector = CrossCurve(model=model, target="RHOB", sign=sign, smooth=11, boosting=small).fit(TRAIN, CONTEXT)
    section = NORMALISER.apply(WELLS[4])
    values = section.values.copy()
    values[1, 400:460] += 0.3 * side
    values[1, 900:960] -= 0.3 * side
    score = detector.score(section.with_values(values))[1]
    assert score[405:455].mean() > 2.0
    assert score[905:955].max() < 1.0
    assert np.isnan(detector.score(section)[[0, 2, 3, 4]]).all()


def test_an_unknown_curve_is_refused():
    with pytest.raises(SpecError, match="PEF"):
        CrossCurve(target="PEF").fit(TRAIN, CONTEXT)


def test_flat_trees_predict_as_scikit_learn_does():
    from sklearn.ensemble import GradientBoostingRegressor

    rng = np.random.default_rng(0)
    table = rng.normal(size=(600, 3)).astype(np.float32)
    model = GradientBoostingRegressor(loss="huber", n_estimators=25, max_depth=3, random_state=0)
    model.fit(table, np.sin(table[:, 0]) + table[:, 1])
    np.testing.assert_allclose(flatten(model).predict(table), model.predict(table), atol=1e-5)


def test_flat_trees_give_the_log_odds_of_a_classifier():
    from sklearn.ensemble import GradientBoostingClassifier

    rng = np.random.default_rng(0)
    table = rng.normal(size=(600, 3)).astype(np.float32)
    model = GradientBoostingClassifier(n_estimators=25, max_depth=2, random_state=0)
    model.fit(table, table[:, 0] + 0.5 * rng.normal(size=600) > 0.8)
    np.testing.assert_allclose(flatten(model).predict(table), model.decision_function(table), atol=1e-5)


@pytest.mark.parametrize("shift", [7, 13.4, -9])
def test_a_shift_leaves_a_repeat_and_is_bounded(shift: float):
    rng = np.random.default_rng(3)
    rows = np.arange(2000)
    curve = np.interp(rows, rows[::6], rng.random(rows[::6].size))
    moved = curve.copy()
    inside = slice(800, 960)
    moved[inside] = np.interp(rows[inside] - shift, rows, curve)
    section = make_section(np.stack([moved, curve]))
    twice = find_repeats(section)
    assert twice.strength[0].argmax() in range(800, 990)
    assert twice.lag[0, twice.strength[0].argmax()] == pytest.approx(abs(shift), abs=0.1)
    assert twice.strength[1].max() < 2.0
    found = shift_evidence(section, np.stack([curve, curve]).astype(np.float32))
    marked = np.flatnonzero(found.gain[0] > 5)
    assert abs(int(marked.min()) - 800) <= 20
    assert abs(int(marked.max()) - 960) <= 20
    assert found.gain[1].max() < 5


def test_lag_finds_injected_shifts_and_classifies_them():
    detector = Lag().fit(TRAIN, CONTEXT)
    fault = DepthShift(length_m=(15.0, 25.0), curves=("GR", "DTC"))
    injection = inject(WELLS[4], (fault,), fraction=0.15, rng=np.random.default_rng(1))
    section = NORMALISER.apply(injection.recording)
    score = detector.score(section)
    assert np.median(score[injection.label]) > 3 * np.quantile(detector.score(NORMALISER.apply(WELLS[4])), 0.99)
    assert detector.fault_scores(section).kinds == ("depth_shift",)


def test_seismic_is_refused():
    with pytest.raises(SpecError, match="seismic"):
        Lag().fit(TRAIN, dataclasses.replace(CONTEXT, kind="seismic"))
