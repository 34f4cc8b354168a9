"""The bootstrap compared with analytic distributions, and the rule for few wells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aemodels.core.errors import DataError
from aemodels.evaluate.statistics.bootstrap import MAX_EXACT, TIE_DB, compare_pairs, mean_interval, resampled_means

GAINS = st.lists(st.floats(-20, 20), min_size=1, max_size=6)


def test_resamples_of_two_values_are_one_one_two_mixed():
    means, probabilities = resampled_means([1.0, 3.0])
    np.testing.assert_allclose(means, [1.0, 2.0, 3.0])
    np.testing.assert_allclose(probabilities, [0.25, 0.5, 0.25])


def test_three_values_of_which_one_differs_follow_the_binomial_law():
    means, probabilities = resampled_means([0.0, 0.0, 3.0])
    for picked in range(4):
        expected = math.comb(3, picked) * (1 / 3) ** picked * (2 / 3) ** (3 - picked)
        assert probabilities[np.isclose(means, picked)].sum() == pytest.approx(expected)


@given(GAINS)
def test_exact_resamples_have_the_mean_and_variance_of_theory(values):
    means, probabilities = resampled_means(values)
    assert probabilities.sum() == pytest.approx(1)
    centre = float(means @ probabilities)
    assert centre == pytest.approx(np.mean(values), abs=1e-9)
    assert float((means - centre) ** 2 @ probabilities) == pytest.approx(np.var(values) / len(values), abs=1e-9)


def test_drawn_resamples_come_close_to_theory():
    values = np.random.default_rng(1).normal(5.0, 2.0, 40)
    assert len(values) > MAX_EXACT
    interval = mean_interval(values.tolist())
    half = 1.96 * values.std() / math.sqrt(40)
    assert interval.low == pytest.approx(values.mean() - half, abs=0.05)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.05)


def test_a_95_percent_interval_of_two_wells_is_their_range():
    interval = mean_interval([1.0, 3.0])
    assert (interval.mean, interval.low, interval.high) == (2.0, 1.0, 3.0)


def test_a_narrow_level_leaves_the_rare_resamples_out():
    assert (mean_interval([1.0, 3.0], level=0.4).low, mean_interval([1.0, 3.0], level=0.4).high) == (2.0, 2.0)


def test_one_well_has_no_width():
    interval = mean_interval([2.5])
    assert (interval.low, interval.high, interval.count) == (2.5, 2.5, 1)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_missing_and_infinite_values_are_refused(values):
    with pytest.raises(DataError, match="finite"):
        mean_interval(values)


@pytest.mark.parametrize(
    ("differences", "rule", "passed"),
    [
        ([TIE_DB * 2], "one pair", True),
        ([TIE_DB / 2], "one pair", False),
        ([0.1, 0.2], "all ahead", True),
        ([0.1, 0.2, -0.01], "all ahead", False),
        ([5.0, 5.0, 5.0, 0.0], "all ahead", False),
        ([5.0, 4.0, 5.0, 6.0, -0.2], "bootstrap", True),
        ([0.5, 0.4, 0.3, 0.2, -2.0], "bootstrap", False),
        ([1.0] * 6, "bootstrap", True),
        ([1.0, 1.2, 0.9, 1.1, 1.0, -0.2, 1.0], "bootstrap", True),
        ([1.0, -1.0, 0.5, -0.6, 0.2, -0.1, 0.3], "bootstrap", False),
        ([0.0] * 7, "bootstrap", False),
    ],
)
def test_ahead_by_more_than_noise(differences, rule, passed):
    theirs = [10.0 + n for n in range(len(differences))]
    ours = [base + difference for base, difference in zip(theirs, differences, strict=True)]
    found = compare_pairs(ours, theirs)
    assert (found.rule, found.passed) == (rule, passed)
    assert found.margin == pytest.approx(np.mean(differences))
    assert found.ahead == sum(difference > 1e-12 for difference in differences)


def test_wells_that_differ_by_much_do_not_hide_a_small_steady_lead():
    theirs = [2.0, 9.0, 14.0, 5.0, 11.0, 7.0, 3.0]
    found = compare_pairs([gain + 0.2 for gain in theirs], theirs)
    assert found.passed
    assert found.low == pytest.approx(0.2)


def test_probability_that_three_wells_agree_by_chance():
    assert compare_pairs([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]).chance == 0.125


def test_wells_have_to_be_paired():
    with pytest.raises(DataError, match="2 gains against 1"):
        compare_pairs([1.0, 2.0], [1.0])
