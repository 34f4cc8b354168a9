"""Depth shifts found by search: candidates, their length, and their odds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.detect import ShiftSearch
from aemodels.detect.base import DetectContext
from aemodels.detect.depth_shift.candidates import FEATURES, candidates
from aemodels.detect.depth_shift.repeats import find_repeats
from aemodels.detect.depth_shift.step_predictor import curve_steps, fit_step_predictors
from aemodels.faults import DepthShift, LogSpike, inject
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_section, make_well

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
WELLS = [make_well(f"W-{n}", seed=n, samples=2500) for n in range(6)]
NORMALISER = CurvePercentiles().fit(WELLS[:5], CURVES)
TRAIN = [NORMALISER.apply(well) for well in WELLS[:5]]
FAULT = DepthShift(length_m=(10.0, 25.0))
CONTEXT = DetectContext("logs", 0, {}, recordings=tuple(WELLS[:5]), normaliser=NORMALISER, faults=(FAULT, LogSpike()))
INJECTION = inject(WELLS[5], (FAULT,), fraction=0.15, rng=np.random.default_rng(1))
SHIFTED = NORMALISER.apply(INJECTION.recording)


def _recall(detector) -> float:
    """Return the recall at the score that one clean sample in a hundred exceeds."""
    score = detector.score(SHIFTED)
    return float((score[INJECTION.label] > np.quantile(score[~INJECTION.label], 0.99)).mean())


def test_injected_shifts_are_found_on_the_shifted_curve_and_classified():
    detector = ShiftSearch().fit(TRAIN, CONTEXT)
    assert _recall(detector) > 0.6
    fault_scores = detector.fault_scores(SHIFTED)
    assert fault_scores.kinds == ("depth_shift",)
    rows = INJECTION.label.any(axis=0)
    assert np.median(fault_scores.score[0, rows]) > 0 > np.median(fault_scores.score[0, ~rows])


def test_without_training_shifts_the_score_is_the_likelihood():
    detector = ShiftSearch().fit(TRAIN, dataclasses.replace(CONTEXT, faults=(LogSpike(),)))
    assert _recall(detector) > 0.3
    restored = ShiftSearch().restore(detector.arrays(), CONTEXT)
    np.testing.assert_array_equal(restored.score(SHIFTED), detector.score(SHIFTED))


def test_a_candidate_has_the_ends_and_the_lag_of_the_shift():
    _, out_of_fold = fit_step_predictors(TRAIN)
    assert len(out_of_fold) == len(TRAIN)
    curve = np.interp(np.arange(2000), np.arange(0, 2000, 6), np.random.default_rng(3).random(334))
    moved = curve.copy()
    moved[800:960] = curve[792:952]
    section = make_section(np.stack([moved, curve]))
    expected = np.diff(np.stack([curve, curve]), axis=1, prepend=curve[0]).astype(np.float32)
    found = candidates(section, expected)
    best = found.features[:, FEATURES.index("gain")].argmax()
    assert found.rows[best] == 0
    np.testing.assert_allclose(found.intervals[best], (800, 960), atol=10)
    assert np.exp(found.features[best, FEATURES.index("lag")]) == pytest.approx(8, abs=0.6)


def test_clipped_or_flat_readings_are_not_repeats():
    rng = np.random.default_rng(0)
    values = np.cumsum(rng.normal(0, 0.02, (2, 600)), axis=1) % 1
    values[0, 200:260] = np.tile([9.0, -9.0], 30)
    values[1, 200:260] = 0.4
    found = candidates(make_section(values), np.zeros((2, 600), dtype=np.float32))
    inside = (found.intervals[:, 0] < 260) & (found.intervals[:, 1] > 200)
    assert not inside[found.rows == 0].any()
    assert not find_repeats(make_section(values)).strength[1, 230:260].any()


def test_steps_beside_unobserved_samples_are_zero():
    mask = np.ones((1, 6), dtype=bool)
    mask[0, 2] = False
    np.testing.assert_allclose(
        curve_steps(make_section(np.array([[0.0, 0.1, 5.0, 0.4, 0.6, 0.5]]), mask)),
        [[0, 0.1, 0, 0, 0.2, -0.1]],
        atol=1e-6,
    )


def test_steps_are_predicted_from_those_of_the_others():
    predictor, _ = fit_step_predictors(TRAIN)
    section = NORMALISER.apply(WELLS[5])
    for row in range(len(CURVES)):
        assert np.corrcoef(predictor.predict(section)[row], curve_steps(section)[row])[0, 1] > 0.7


def test_seismic_is_refused():
    with pytest.raises(SpecError, match="seismic"):
        ShiftSearch().fit(TRAIN, dataclasses.replace(CONTEXT, kind="seismic"))
