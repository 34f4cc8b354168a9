"""The running median along an axis: the same as of scipy's filter for several dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import median_filter

from aemodels.signal.running_median import running_median


@pytest.mark.parametrize("mode", ["nearest", "mirror"])
@pytest.mark.parametrize("window", [1, 4, 7, 31])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_equals_the_filter_for_several_dimensions(mode, window, dtype) -> None:
    values = np.random.default_rng(0).normal(size=(3, 200)).round(1).astype(dtype)  # with ties
    found = running_median(values, window, mode=mode)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, median_filter(values, size=(1, window), mode=mode))
    np.testing.assert_array_equal(running_median(values.T, window, mode=mode, axis=0), found.T)


def test_a_window_longer_than_the_values() -> None:
    values = np.float32([[3.0, 1.0, 2.0]])
    np.testing.assert_array_equal(running_median(values, 3), median_filter(values, size=(1, 3), mode="nearest"))
    assert running_median(values, 9).shape == values.shape
