"""Benchmarks of whole processes: the line they score, and how peaks of memory are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from aemodels.io.segy.reader import read_segy
from flows.benchmarks.process import MAX_MEMORY_MB, judged_memory, memory_row, start_row, write_line


@pytest.mark.parametrize("megabytes", [1, 40])
def test_the_line_has_the_size_asked_for_and_can_be_read(tmp_path: Path, megabytes: int):
    path = tmp_path / "line.sgy"
    write_line(path, megabytes)
    assert path.stat().st_size == pytest.approx(1e6 * megabytes, rel=0.02)
    assert {finding.severity for finding in read_segy(path).findings} <= {"info"}


@pytest.mark.parametrize(
    ("small", "large", "verdict"),
    [
        (1000.0, 1000.0, "met"),
        (1000.0, 1190.0, "met"),
        (1000.0, 1300.0, "missed"),
        (MAX_MEMORY_MB, 1.1 * MAX_MEMORY_MB, "missed"),
    ],
)
def test_both_growth_and_amount_of_memory_are_judged(small: float, large: float, verdict: str):
    assert judged_memory((250, 2000), small, large)["verdict"] == verdict


@pytest.mark.slow
def test_start_and_memory_are_measured():
    started = start_row(repeats=1)
    assert started["ours_s"] > 0.5
    row = memory_row((2, 4))
    assert 200 < row["other_mb"] < 4000
    assert 200 < row["ours_mb"] < 4000
