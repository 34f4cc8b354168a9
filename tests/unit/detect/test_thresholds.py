"""Thresholds on scores of known distributions."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.detect.thresholds import Conformal, MeanStd, Quantile, Tail


def _wells(count: int, seed: int = 0, samples: int = 4000) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [(rng.normal(0, 1, samples) * rng.uniform(0.8, 1.2)).astype(np.float32) for _ in range(count)]


def test_mean_std_on_normal_scores():
    scores = np.random.default_rng(0).normal(5, 2, 200_000).astype(np.float32)
    assert MeanStd(k=3).fit([scores]) == pytest.approx(11, abs=0.05)
    assert MeanStd(k=3).nominal_rate == pytest.approx(0.00135, abs=1e-5)


def test_quantile_flags_its_rate():
    scores = np.arange(1000, dtype=np.float32)
    threshold = Quantile(rate=0.01).fit([scores[:500], scores[500:]])
    assert np.mean(scores > threshold) <= 0.01


def test_conformal_takes_the_kth_smallest_well_quantile():
    wells = [np.full(100, value, dtype=np.float32) for value in (5.0, 1.0, 4.0, 2.0, 3.0, 7.0, 6.0)]
    assert Conformal(confidence=0.75).fit(wells) == 6.0  # ceil(8 * 0.75) = 6th of 7
    assert Conformal(confidence=0.5).fit(wells) == 4.0
    assert Conformal(confidence=0.75).fit(wells[:2]) == 5.0  # ceil(3 * 0.75) = 3rd of 2: the largest


def test_conformal_keeps_its_rate_on_new_wells():
    kept = []
    for trial in range(200):
        wells = _wells(12, seed=trial, samples=1500)
        threshold = Conformal(rate=0.05, confidence=0.8).fit(wells[:11])
        kept.append(np.mean(wells[11] > threshold) <= 0.05)
    assert np.mean(kept) > 0.72  # 0.8 less three standard errors of 200 trials


@pytest.mark.parametrize(
    "spec", [MeanStd(), Quantile(), Conformal(), Tail(), Quantile(standardise_per_recording=1.0)], ids=lambda s: s.label
)
def test_unscored_rows_are_ignored_and_no_scored_row_is_an_error(spec):
    wells = _wells(3)
    holed = [np.concatenate([well, np.full(500, np.nan, dtype=np.float32)]) for well in wells]
    assert spec.fit(holed) == pytest.approx(spec.fit(wells))
    with pytest.raises(SpecError, match="scor"):
        spec.fit([np.full(10, np.nan, dtype=np.float32)])


@pytest.mark.parametrize("rate", [0.01, 0.001])
def test_the_tail_of_a_known_law_is_extrapolated(rate):
    scores = np.random.default_rng(0).pareto(4.0, 20_000).astype(np.float32)  # exceeded by a share (1 + x) ** -4
    exact = rate**-0.25 - 1.0
    assert Tail(rate=rate).fit([scores[:9000], scores[9000:]]) == pytest.approx(exact, rel=0.06)


def test_a_tail_of_too_few_rows_is_the_quantile():
    scores = np.arange(200, dtype=np.float32)
    assert Tail(rate=0.02).fit([scores]) == Quantile(rate=0.02).fit([scores])


def test_a_threshold_without_a_rate_gets_that_of_the_experiment():
    assert Quantile().with_rate(0.03).nominal_rate == 0.03
    assert Quantile(rate=0.02).with_rate(0.03).nominal_rate == 0.02
    assert MeanStd().with_rate(0.03).nominal_rate == MeanStd().nominal_rate


def test_wells_of_different_levels_get_the_same_rate_if_standardised():
    rng = np.random.default_rng(1)
    wells = [
        (rng.exponential(1.0, 20_000) * factor + shift).astype(np.float32)
        for factor, shift in ((1.0, 0.0), (3.0, 2.0), (0.3, 5.0))
    ]
    plain, own = Quantile(rate=0.01), Quantile(rate=0.01, standardise_per_recording=1.0)
    rates = {
        spec.label: [np.mean(spec.standardised(well, well) > spec.fit(wells)) for well in wells]
        for spec in (plain, own)
    }
    assert max(rates["quantile"]) > 0.025
    np.testing.assert_allclose(rates["quantile_standardised"], 0.01, atol=0.003)


def test_curves_are_standardised_by_the_row_scores():
    rows = np.array([0.0, 1.0, 2.0, 3.0, np.nan], dtype=np.float32)
    curves = np.stack([rows, rows - 1])
    moved = Quantile(standardise_per_recording=1.0).standardised(curves, rows)
    np.testing.assert_allclose(moved[0], Quantile(standardise_per_recording=1.0).standardised(rows, rows))
    assert np.isnan(moved[:, 4]).all()
