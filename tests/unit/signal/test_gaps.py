"""Gaps filled from the readings beside them against interpolation through all readings."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from aemodels.signal.gaps import fill_lost


@given(seed=st.integers(0, 500), share=st.floats(0.05, 0.98))
def test_pchip_beside_gaps_equals_pchip_through_all_readings(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    values, mask = rng.normal(size=(1, 60)).astype(np.float32), rng.random((1, 60)) < share
    seen = np.flatnonzero(mask[0])
    if seen.size < 2:
        return
    places = np.clip(np.arange(60), seen[0], seen[-1])
    through_all = PchipInterpolator(seen, values[0, seen].astype(np.float64))(places).astype(np.float32)
    np.testing.assert_array_equal(fill_lost(values, mask, "pchip")[0], np.where(mask[0], values[0], through_all))
