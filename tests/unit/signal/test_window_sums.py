"""Sums over windows against sums of slices."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aemodels.signal.window_sums import WindowSums


@given(length=st.integers(1, 40), first=st.integers(0, 20), seed=st.integers(0, 100))
def test_each_window_has_the_sum_of_its_values(length: int, first: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(-50, 50, size=(2, 90)).astype(np.float32)
    found = WindowSums.up_to(40, values).over(first, length, np.empty((2, 30), dtype=np.float32))
    expected = [values[:, start : start + length].sum(axis=1) for start in range(first, first + 30)]
    np.testing.assert_array_equal(found, np.transpose(expected))


def test_changed_values_count_after_an_update() -> None:
    values = np.ones((1, 10), dtype=np.float32)
    sums = WindowSums.up_to(5, values)
    values[0, 3] = 7
    sums.update()
    np.testing.assert_array_equal(sums.over(0, 5, np.empty((1, 2), dtype=np.float32)), [[11, 11]])
