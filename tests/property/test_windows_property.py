from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aemodels.signal.windows import WindowSpec, cut, overlap_add
from helpers.recordings import make_section


@settings(max_examples=60, deadline=None)
@given(
    channels=st.integers(1, 7),
    samples=st.integers(1, 90),
    length=st.integers(4, 40),
    stride=st.integers(1, 40),
    width=st.integers(0, 9),
    width_stride=st.integers(1, 9),
    blend=st.sampled_from(["count", "hann"]),
)
def test_overlap_add_inverts_cut(channels, samples, length, stride, width, width_stride, blend):
    stride, width_stride = min(stride, length), min(width_stride, width or 1)
    section = make_section(np.random.default_rng(0).normal(size=(channels, samples)))
    windows = cut(section, WindowSpec(length=length, stride=stride, width=width, width_stride=width_stride))
    np.testing.assert_allclose(overlap_add(windows.values, windows, blend), section.values, atol=1e-5)


def test_count_blending_is_the_mean_of_the_windows_over_a_sample():
    section = make_section(np.zeros((1, 6)))
    windows = cut(section, WindowSpec(length=4, stride=2))
    assert windows.origin.tolist() == [[0, 0], [0, 2]]
    marked = np.stack([np.full((4, 1), 1.0), np.full((4, 1), 3.0)]).astype(np.float32)
    assert overlap_add(marked, windows).tolist() == [[1, 1, 2, 2, 3, 3]]


def test_short_section_is_padded_and_masked():
    windows = cut(make_section(np.ones((2, 3))), WindowSpec(length=8, stride=4))
    assert windows.values.shape == (1, 8, 2)
    assert windows.mask[0, :, 0].tolist() == [True] * 3 + [False] * 5


def test_values_and_mask_are_cut_at_the_same_places():
    mask = np.random.default_rng(1).random((3, 50)) < 0.5
    section = make_section(mask.astype(np.float32), mask)
    windows = cut(section, WindowSpec(length=16, stride=5, width=2))
    np.testing.assert_array_equal(windows.values > 0.5, windows.mask)


@pytest.mark.parametrize("stride", [0, -1])
def test_stride_must_advance(stride):
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        WindowSpec(stride=stride)
