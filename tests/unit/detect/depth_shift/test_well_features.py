"""Predictions and shift evidence that detectors share: the same as worked out by each, and worked out once."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.types import Section
from aemodels.detect.cross_curve.linear_predictor import RidgeFromOtherCurves, fit_predictors
from aemodels.detect.depth_shift.candidates import shift_evidence
from aemodels.detect.depth_shift.lagged_correlation import LAG_RANGE, MAX_ZERO_LAG, lagged_correlation
from aemodels.detect.depth_shift.repeats import LAGS, find_repeats
from aemodels.detect.depth_shift.well_features import WellFeatures
from helpers.recordings import make_section


def well(seed: int, samples: int = 400) -> Section:
    rng = np.random.default_rng(seed)
    facies = np.repeat(rng.random(samples), rng.integers(3, 20, samples))[:samples]
    values = np.stack([facies, 1 - facies, 0.5 * facies]) + rng.normal(0, 0.02, (3, samples))
    values[1, 150:230] = values[1, 142:222]  # 8 samples too deep
    mask = np.ones(values.shape, dtype=bool)
    mask[2, 300:330] = False
    return make_section(values, mask)


TRAIN = [well(seed) for seed in range(3)]
PREDICTOR, OUT_OF_FOLD = fit_predictors(TRAIN)
SECTION = well(9)


def test_everything_is_worked_out_once(monkeypatch: pytest.MonkeyPatch):
    calls = []
    original = RidgeFromOtherCurves.predict
    monkeypatch.setattr(RidgeFromOtherCurves, "predict", lambda *given: calls.append(1) or original(*given))
    features = WellFeatures(SECTION)
    equal = RidgeFromOtherCurves(PREDICTOR.mean.copy(), PREDICTOR.covariance.copy())
    assert features.predicted(PREDICTOR) is features.predicted(equal)
    assert features.shift_evidence(PREDICTOR) is features.shift_evidence(equal)
    both, one = features.lagged_correlations(PREDICTOR, (41, 121)), features.lagged_correlations(equal, (121,))
    assert both[1] is one[0]
    assert len(calls) == 1
    features.predicted(OUT_OF_FOLD[0])
    assert len(calls) == 2


def test_shared_quantities_are_those_of_each():
    features, predicted = WellFeatures(SECTION), PREDICTOR.predict(SECTION)
    np.testing.assert_array_equal(features.predicted(PREDICTOR), predicted)
    np.testing.assert_array_equal(features.shift_evidence(PREDICTOR).gain, shift_evidence(SECTION, predicted).gain)


@pytest.mark.parametrize("window", [9, 40, 121, 2001])
def test_lagged_correlation_is_that_of_a_plain_loop(window: int):
    predicted = PREDICTOR.predict(SECTION)
    found = lagged_correlation(SECTION, predicted, (window,))[0]
    zero, best, lag = plain_lagged_correlation(SECTION, predicted, window)
    np.testing.assert_allclose(found.zero_lag, zero, atol=1e-5)
    np.testing.assert_allclose(found.best_lag, best, atol=1e-5)
    assert np.mean(found.lag == lag) > 0.99  # of two equal correlations, either


def smooth_steps(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    steps = np.diff(values.astype(np.float64), axis=1, prepend=values[:, :1])
    padded = np.pad(steps, ((0, 0), (1, 1)), mode="edge")
    return np.where(observed, (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3, 0)


def plain_lagged_correlation(section: Section, predicted: np.ndarray, window: int) -> tuple[np.ndarray, ...]:
    observed = section.mask & np.roll(section.mask, 1, axis=1)
    steps, expected = (smooth_steps(values, observed) for values in (section.values.clip(-0.75, 1.75), predicted))
    samples = steps.shape[1]
    reach = LAG_RANGE[1]
    padded = np.pad(steps, ((0, 0), (reach, reach)))
    lags = [lag for lag in range(-reach, reach + 1) if not MAX_ZERO_LAG < abs(lag) < LAG_RANGE[0]]
    found = np.empty((len(lags), *steps.shape))
    for number, lag in enumerate(lags):
        moved = padded[:, reach + lag : reach + lag + samples]
        for sample in range(samples):
            inside = slice(max(sample - window // 2, 0), min(sample - window // 2 + window, samples))
            own, other = moved[:, inside], expected[:, inside]
            power = ((other**2).sum(axis=1) / window + 2e-4) * ((own**2).sum(axis=1) / window + 2e-4)
            found[number, :, sample] = (own * other).sum(axis=1) / window / np.sqrt(power)
    near = np.abs(lags) <= MAX_ZERO_LAG
    return found[near].max(axis=0), found[~near].max(axis=0), np.array(lags)[~near][found[~near].argmax(axis=0)]


def test_repeats_are_those_of_a_plain_loop():
    found = find_repeats(SECTION)
    values = SECTION.values.astype(np.float64)
    assert found.strength[1, 149 + 8] > 2  # the repeat at the top of the shifted interval
    assert found.lag[1, 149 + 8] == pytest.approx(8, abs=1)
    for channel, sample in [(0, 120), (1, 157), (1, 260), (2, 80)]:
        best = 1.0
        for lag in range(*LAGS):
            length = max(lag, 5)
            rows = np.arange(sample - length + 1, sample + 1)
            here, near, far = values[channel, rows], values[channel, rows - lag], values[channel, rows - lag - 1]
            first, slope = here - near, far - near
            share = np.clip((first * slope).mean() / max((slope**2).mean(), 1e-12), 0, 1)
            ratio = (((first - share * slope) ** 2).mean() + 1e-6) / (here.var() + 1e-6)
            best = min(best, max(ratio, 1e-9))
        assert found.strength[channel, sample] == pytest.approx(-np.log10(best), abs=1e-4)
