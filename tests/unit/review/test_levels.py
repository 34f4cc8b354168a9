"""Levels from labelled events, with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.review.levels import MIN_FAULTS, Events, f_score, fit_divisors, is_better, joined, lost_share


def events(peaks: list[list[float]], fault: bool, well: list[int]) -> Events:
    return Events(np.array(peaks, dtype=np.float32), np.full(len(peaks), fault), np.array(well, dtype=np.int64))


def faults(count: int, peak: float = 6.0) -> Events:
    """Faults on the first curve, in ten wells in turn."""
    return events([[peak, 0.0]] * count, True, [number % 10 for number in range(count)])


def test_the_f_score_counts_a_missed_fault_as_four_wrong_flags():
    parts = joined([faults(4), events([[2.0, 0.0]], False, [0])])
    flagged = np.array([True, True, True, False, True])
    assert f_score(parts, flagged) == pytest.approx(5 * 3 / (5 * 3 + 4 * 1 + 1))


def test_a_curve_whose_flags_are_wrong_is_divided_beyond_them_and_below_its_faults():
    wrong = events([[0.0, peak] for peak in (1.5, 2.0, 2.5, 3.0)], False, [0, 1, 2, 3])
    found = fit_divisors(joined([faults(30), events([[0.0, 6.0]] * 5, True, [0, 1, 2, 3, 4]), wrong]), 2)
    assert found[0] == 1.0
    assert 3.0 < found[1] < 6.0


def test_a_curve_whose_faults_are_missed_is_divided_by_less_than_one():
    missed = events([[0.0, 0.8]] * 4, True, [0, 1, 2, 3])
    passed = events([[0.0, 0.6]] * 3, False, [4, 5, 6])
    found = fit_divisors(joined([faults(30), missed, passed]), 2)
    assert found[0] == 1.0
    assert 0.6 < found[1] < 0.8


def test_two_wells_move_nothing():
    wrong = events([[0.0, 2.0]] * 12, False, [0, 1] * 6)
    assert fit_divisors(joined([faults(30), wrong]), 2).tolist() == [1.0, 1.0]


def test_with_few_faults_nothing_is_raised_as_too_much_might_be_lost():
    wrong = events([[2.0, 0.0]] * 12, False, [*range(10), 0, 1])
    assert fit_divisors(joined([faults(MIN_FAULTS - 1), wrong]), 2).tolist() == [1.0, 1.0]
    assert fit_divisors(joined([faults(MIN_FAULTS), wrong]), 2)[0] > 2.0


def test_no_fault_is_given_up_for_wrong_flags():
    wrong = events([[3.0, 0.0]] * 200, False, [number % 10 for number in range(200)])
    parts = joined([faults(99), faults(1, peak=2.0), wrong])
    assert fit_divisors(parts, 2)[0] < 2.0
    before = parts.flagged(np.ones(2))
    assert not is_better(parts, parts.flagged(np.array([4.0, 1.0])), before)


def test_the_share_that_may_be_lost_is_the_exact_binomial_bound():
    parts = joined([faults(22), events([[2.0, 0.0]], False, [0])])
    before = np.ones(23, dtype=np.bool_)
    after = before.copy()
    after[22] = False
    assert lost_share(parts, after, before) == pytest.approx(1 - 0.1 ** (1 / 22))
    assert lost_share(parts, before, before) == 0.0
