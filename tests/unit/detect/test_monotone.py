"""Boosted trees that never fall as the evidence rises, kept as arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from aemodels.detect.combine import Combination
from aemodels.detect.monotone import fit_monotone, histogram_trees

RNG = np.random.default_rng(0)
TABLE = RNG.exponential(size=(6000, 4))
# the first two columns tell; the third speaks against a fault, which trees must not learn
LABEL = RNG.random(6000) < 1 / (1 + np.exp(3.5 - 1.5 * TABLE[:, 0] * TABLE[:, 1] + TABLE[:, 2]))
TREES = fit_monotone(TABLE, LABEL, np.ones(6000))


def test_arrays_score_as_the_classifier_does():
    model = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(TABLE, LABEL)
    np.testing.assert_allclose(histogram_trees(model).of(TABLE), model.decision_function(TABLE), rtol=1e-4, atol=1e-5)


def test_trees_find_what_weights_cannot():
    score = TREES.of(TABLE)
    assert score[LABEL].mean() - score[~LABEL].mean() > 1.0


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0, 8), min_size=4, max_size=4), st.integers(0, 3), st.floats(0, 5))
def test_no_evidence_speaks_against_a_fault(row: list[float], column: int, more: float):
    raised = list(row)
    raised[column] += more
    low, high = TREES.of(np.array([row, raised]))
    assert high >= low - 1e-5


def test_a_boosted_combination_survives_keeping():
    combination = Combination("boosted", trees=TREES)
    surprise = RNG.exponential(size=(2, 5, 300)).astype(np.float32)
    kept = Combination.restore(combination.arrays())
    np.testing.assert_array_equal(kept.of(surprise), combination.of(surprise))
    assert (combination.of(surprise) >= 0).all()


def test_bundles_from_before_there_were_trees_are_read():
    arrays = Combination("learned", weights=np.array([1.0, 0.0, -1.0])).arrays()
    old = {name: array for name, array in arrays.items() if name in ("way", "weights")}
    surprise = np.ones((1, 5, 3), dtype=np.float32)
    np.testing.assert_allclose(Combination.restore(old).of(surprise), np.log(2), rtol=1e-6)
