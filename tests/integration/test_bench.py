"""The benchmark table: its pairs do the same work, so that the ratio means something."""

from __future__ import annotations

import numpy as np

from aemodels.signal.windows import WindowSpec, cut, overlap_add
from conftest import make_section
from flows.bench import benchmark, loop_overlap_add


def test_the_plain_loop_blends_as_overlap_add_does():
    section = make_section(np.random.default_rng(0).normal(size=(3, 150)))
    windows = cut(section, WindowSpec(length=32, stride=7))
    np.testing.assert_allclose(loop_overlap_add(windows), overlap_add(windows.values, windows), rtol=1e-5, atol=1e-6)


def test_a_benchmark_has_the_promised_pairs_side_by_side():
    rows = benchmark(1)
    assert [row["other"] for row in rows] == ["lasio.read", "loop over samples", "model.predict, batch 32"]
    for row in rows:
        assert row["ours_s"] > 0
        assert row["ratio"] == row["other_s"] / row["ours_s"]
