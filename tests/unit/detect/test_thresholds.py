from __future__ import annotations

import numpy as np
import pytest

from aemodels.detect.thresholds import Conformal, MeanStd, Quantile
from aemodels.errors import SpecError


def _wells(count: int, seed: int = 0, samples: int = 4000) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [(rng.normal(0, 1, samples) * rng.uniform(0.8, 1.2)).astype(np.float32) for _ in range(count)]


def test_mean_std_on_normal_scores():
    scores = np.random.default_rng(0).normal(5, 2, 200_000).astype(np.float32)
    assert MeanStd(k=3).fit([scores]) == pytest.approx(11, abs=0.05)
    assert MeanStd(k=3).nominal == pytest.approx(0.00135, abs=1e-5)


def test_quantile_flags_its_rate():
    scores = np.arange(1000, dtype=np.float32)
    threshold = Quantile(rate=0.01).fit([scores[:500], scores[500:]])
    assert np.mean(scores > threshold) <= 0.01


def test_conformal_takes_the_kth_smallest_well_quantile():
    wells = [np.full(100, value, dtype=np.float32) for value in (5.0, 1.0, 4.0, 2.0, 3.0, 7.0, 6.0)]
    assert Conformal(confidence=0.75).fit(wells) == 6.0  # ceil(8 * 0.75) = 6th of 7
    assert Conformal(confidence=0.5).fit(wells) == 4.0
    assert Conformal(confidence=0.75).fit(wells[:2]) == 5.0  # ceil(3 * 0.75) = 3rd of 2: the largest


def test_conformal_keeps_its_promise_on_new_wells():
    kept = []
    for trial in range(200):
        wells = _wells(12, seed=trial, samples=1500)
        threshold = Conformal(rate=0.05, confidence=0.8).fit(wells[:11])
        kept.append(np.mean(wells[11] > threshold) <= 0.05)
    assert np.mean(kept) > 0.72  # 0.8 less three standard errors of 200 trials


@pytest.mark.parametrize("spec", [MeanStd(), Quantile(), Conformal()], ids=lambda s: s.kind)
def test_unscored_rows_do_not_count_and_no_row_at_all_is_an_error(spec):
    wells = _wells(3)
    holed = [np.concatenate([well, np.full(500, np.nan, dtype=np.float32)]) for well in wells]
    assert spec.fit(holed) == pytest.approx(spec.fit(wells))
    with pytest.raises(SpecError, match="scor"):
        spec.fit([np.full(10, np.nan, dtype=np.float32)])
