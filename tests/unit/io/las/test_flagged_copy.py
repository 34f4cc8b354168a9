"""Texts of the values that are added to a LAS file."""

from __future__ import annotations

import numpy as np

from aemodels.io.las.flagged_copy import format_values


def test_values_are_written_with_the_fewest_digits_and_a_point():
    values = np.array([0.1, 100.0, -3.0, 0.0, 2.5e-7, 3e12, 16777216.0, np.nan], dtype=np.float32)
    written = format_values(values, "-999.25")
    assert written[:4] == ["0.1", "100.0", "-3.0", "0.0"] and written[-1] == "-999.25"
    assert [np.float32(text) for text in written[:-1]] == values[:-1].tolist()
    assert all("." in text or "e" in text for text in written)


def test_random_values_read_back_as_the_same_float32():
    bits = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32)
    values = bits.view(np.float32)
    values = values[np.isfinite(values)]
    np.testing.assert_array_equal(np.array(format_values(values, "x")).astype(np.float32), values)
