"""Interpolation by cells against that of NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aemodels.signal.piecewise_line import PiecewiseLine


@given(knots=st.integers(1, 500), shape=st.floats(0.05, 5.0), seed=st.integers(0, 1000))
def test_the_values_are_those_of_numpy(knots: int, shape: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = np.unique(rng.gamma(shape, size=knots))
    values = np.cumsum(rng.random(places.size))
    beside = [np.nextafter(places, -9.0), places, np.nextafter(places, 9.0)]
    positions = np.concatenate([*beside, rng.gamma(shape, size=300) * 2 - 0.5])
    np.testing.assert_allclose(
        PiecewiseLine(places, values)(positions), np.interp(positions, places, values), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("knots", [3, 300])
def test_nan_stays_nan(knots: int) -> None:
    line = PiecewiseLine(np.arange(knots, dtype=np.float64), np.arange(knots, dtype=np.float64))
    np.testing.assert_array_equal(line(np.array([[np.nan, 1.5, -3.0, 9e9]])), [[np.nan, 1.5, 0.0, knots - 1.0]])
