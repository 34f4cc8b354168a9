"""Copies of curves are found whatever their depths; measured twins are not taken for copies."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.field.sketch import MIN_SHARED, SIZE, Sketch, shared_readings, sketch_curve

DEPTH = 1000.0 + 0.1524 * np.arange(8000)


def curve(seed: int = 0, size: int = 8000) -> np.ndarray:
    """A random walk of readings to three decimals, as files hold them."""
    steps = np.random.default_rng(seed).normal(0, 1, size)
    return np.round(80 + np.cumsum(steps), 3).astype(np.float32)


def test_a_copy_is_whole_and_not_shifted() -> None:
    found = shared_readings(sketch_curve(DEPTH, curve()), sketch_curve(DEPTH, curve()))
    assert found is not None
    assert (found.share, found.shift) == (1.0, 0.0)


@pytest.mark.parametrize("shift", [-3.2, 0.1524, 12.5])
def test_a_shifted_copy_has_its_shift(shift: float) -> None:
    found = shared_readings(sketch_curve(DEPTH, curve()), sketch_curve(DEPTH + shift, curve()))
    assert found is not None
    assert found.shift == pytest.approx(shift, abs=0.002)


def test_the_share_of_a_part_refers_to_the_shorter_curve() -> None:
    found = shared_readings(sketch_curve(DEPTH, curve()), sketch_curve(DEPTH[:4000], curve()[:4000]))
    assert found is not None
    assert found.share > 0.75, "from 32 hashes: half of the whole is all of the part"


def test_an_edited_copy_shares_what_was_left_alone() -> None:
    edited = curve().copy()
    edited[2000:6000] += 1.5
    found = shared_readings(sketch_curve(DEPTH, curve()), sketch_curve(DEPTH, edited))
    assert found is not None
    assert 0.25 < found.share < 0.75, "half of the readings"


def test_another_unit_makes_no_difference() -> None:
    there_and_back = ((curve() / np.float32(3.28084)) * np.float32(3.28084)).astype(np.float32)
    found = shared_readings(sketch_curve(DEPTH, curve()), sketch_curve(DEPTH, there_and_back))
    assert found is not None
    assert found.share > 0.7


def test_other_wells_repeats_and_stuck_tools_share_nothing() -> None:
    repeat = curve() + np.random.default_rng(5).normal(0, 0.5, 8000).astype(np.float32)
    assert shared_readings(sketch_curve(DEPTH, curve()), sketch_curve(DEPTH, curve(1))) is None
    assert shared_readings(sketch_curve(DEPTH, curve()), sketch_curve(DEPTH, repeat)) is None
    stuck = np.full(8000, 7.0, np.float32)
    assert sketch_curve(DEPTH, stuck) == Sketch()
    assert sketch_curve(DEPTH, np.full(8000, np.nan, np.float32)) == Sketch()


def test_a_sketch_is_small_and_its_hashes_are_exact_in_json() -> None:
    sketch = sketch_curve(DEPTH, curve())
    assert len(sketch.hashes) == len(sketch.depths) == SIZE > MIN_SHARED
    assert all(0 <= value < 2**53 for value in sketch.hashes)
