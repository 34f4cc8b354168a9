from __future__ import annotations

import numpy as np
import pytest

from aemodels.evaluate.denoising.compare import denoising_table, summarise_denoising
from aemodels.evaluate.statistics.metrics import gain_db, mean_squared_error, ranking, recall_at
from aemodels.noise import Gaussian
from helpers.recordings import make_section


class Scale:
    """A denoiser that multiplies by a constant: its errors can be written down."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def denoise(self, section):
        return (section.values * self.factor).astype(np.float32)

    def arrays(self):
        return {}


def test_masked_error_counts_observed_samples():
    estimate = np.array([[1.0, 5.0]], dtype=np.float32)
    truth = np.zeros((1, 2), dtype=np.float32)
    assert mean_squared_error(estimate, truth, np.array([[True, False]])) == 1.0
    assert np.isnan(mean_squared_error(estimate, truth, np.zeros((1, 2), dtype=bool)))


@pytest.mark.parametrize(("before", "after", "gain"), [(1, 0.01, 20.0), (0.5, 0.5, 0.0), (0.1, 1.0, -10.0)])
def test_gain_in_decibels(before, after, gain):
    assert gain_db(before, after) == pytest.approx(gain)


def test_recall_at_one_percent_of_known_scores():
    scores = np.concatenate([np.linspace(0, 1, 1000), [2.0, 2.0, 0.5, 0.2]])
    labels = np.arange(1004) >= 1000
    assert recall_at(scores, labels) == 0.5


def test_ranking_of_perfect_and_of_unscored_rows():
    scores = np.array([0.1, 0.2, np.nan, 0.9], dtype=np.float32)
    labels = np.array([False, False, True, True])
    assert ranking(scores, labels) == {"pr_auc": 1.0, "roc_auc": 1.0, "recall_at_1pct": 1.0}
    assert all(np.isnan(value) for value in ranking(scores, np.zeros(4, dtype=bool)).values())


def test_doing_nothing_gains_nothing_and_zeroing_pure_noise_gains_much():
    sections = [make_section(np.zeros((2, 500)), name=f"w{n}") for n in range(3)]
    table = denoising_table(
        {"nothing": Scale(1.0), "half": Scale(0.5)},
        sections,
        {"noise 0.1": [Gaussian(factor=0.1)]},
        channels=("GR", "DTC"),
        seed=1,
    )
    summary = summarise_denoising(table).set_index("contender")
    assert summary.loc["nothing", "median_db"] == 0.0
    assert summary.loc["half", "median_db"] == pytest.approx(20 * np.log10(2), abs=1e-6)
    assert summary.loc["half", "noise_reduction_pct"] == pytest.approx(75, abs=1e-6)
    assert list(summary.index) == ["half", "nothing"]
    assert summary.loc["half", "sections"] == 3
    assert set(table["channel"]) == {"all", "GR", "DTC"}


def test_all_contenders_meet_the_same_noise_and_a_missing_curve_has_no_row():
    mask = np.ones((2, 400), dtype=bool)
    mask[1] = False
    section = make_section(np.zeros((2, 400)), mask)
    arguments = ([section], {"n": [Gaussian(factor=0.2)]})
    first = denoising_table({"a": Scale(1), "b": Scale(1)}, *arguments, channels=("GR", "DTC"), seed=1)
    assert first.groupby("channel")["mse_noisy"].nunique().eq(1).all()
    assert set(first["channel"]) == {"all", "GR"}
    other = denoising_table({"a": Scale(1)}, *arguments, channels=(), seed=2)
    assert other["mse_noisy"].iloc[0] != first["mse_noisy"].iloc[0]
