"""The benchmark table: its pairs do the same work, so that the ratio means something."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aemodels.io import write_las
from aemodels.signal.windows import WindowSpec, cut, overlap_add
from conftest import make_section, make_well
from flows.bench import READING_TARGET, Pair, benchmark, loop_overlap_add, measure, reading_field, verdict


def test_the_plain_loop_blends_as_overlap_add_does():
    section = make_section(np.random.default_rng(0).normal(size=(3, 150)))
    windows = cut(section, WindowSpec(length=32, stride=7))
    np.testing.assert_allclose(loop_overlap_add(windows), overlap_add(windows.values, windows), rtol=1e-5, atol=1e-6)


def test_field_wells_are_read_both_ways_and_the_ratio_is_judged(tmp_path: Path):
    for number in range(3):
        write_las(make_well(seed=number), tmp_path / f"{number}.las")
    pair = reading_field(sorted(tmp_path.glob("*.las")))
    assert pair.what.startswith("read 3 field wells, ")
    assert (pair.other, pair.required) == ("lasio.read", READING_TARGET)
    row = measure(pair, 2)
    assert row["ratio"] == row["other_s"] / row["ours_s"]
    assert row["verdict"] == verdict(row["ratio"], READING_TARGET)


def test_a_promised_ratio_is_met_or_missed():
    assert (verdict(8.0, 8.0), verdict(7.9, 8.0), verdict(0.1, None)) == ("met", "missed", "")


def test_ways_that_disagree_are_not_timed():
    with pytest.raises(AssertionError):
        measure(Pair("a sum", lambda: 2.0, "a wrong sum", lambda: 3.0), 1)


def test_a_benchmark_has_the_promised_pairs_side_by_side():
    rows = benchmark(1)
    assert [row["other"] for row in rows] == ["lasio.read", "loop over samples", "model.predict, batch 32"]
    for row in rows:
        assert row["ours_s"] > 0
        assert row["ratio"] == row["other_s"] / row["ours_s"]
