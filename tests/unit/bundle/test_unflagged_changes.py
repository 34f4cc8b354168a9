"""What denoising may change of readings that are not flagged."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.bundle.unflagged_changes import (
    MAX_NOISE_LEVELS,
    MAX_QUIET_SHARE,
    MAX_RANGE_SHARE,
    NOISY_SHARE,
    limit_unflagged_changes,
)
from aemodels.core.types import Scores

DEPTHS = 400


def scores_of(curve: str, raw: np.ndarray, denoised: np.ndarray, flagged: slice) -> Scores:
    score = np.zeros(DEPTHS, dtype=np.float32)
    score[flagged] = 9.0
    reason = tuple("spike" if value else "" for value in score)
    both = (np.asarray(values, dtype=np.float32)[None] for values in (raw, denoised))
    return Scores("logs", score, 2.0, reason, (curve,), *both, score[None])


def test_a_thin_bed_that_is_not_flagged_stays_and_a_flagged_spike_goes() -> None:
    raw = np.linspace(2.2, 2.7, DEPTHS)
    level = raw.copy()
    raw[100], raw[300] = 1.3, 1.3  # a coal seam, and a spike that is flagged
    found = limit_unflagged_changes(scores_of("RHOB", raw, level, slice(300, 301))).denoised[0]
    allowed = MAX_RANGE_SHARE * np.subtract(*np.quantile(raw, [0.9, 0.1]))
    np.testing.assert_allclose(found[100], 1.3 + allowed, rtol=1e-4)
    np.testing.assert_array_equal(np.delete(found, 100), np.delete(level, 100).astype(np.float32))


def test_noise_may_be_removed_whatever_the_range() -> None:
    noise = np.random.default_rng(0).normal(0, 5, DEPTHS)
    found = limit_unflagged_changes(scores_of("GR", 60 + noise, np.full(DEPTHS, 60.0), slice(0, 0))).denoised[0]
    assert np.mean(found == 60) > 0.99
    assert np.abs(found - 60).max() < np.abs(noise).max() - 0.8 * MAX_NOISE_LEVELS * 5


@pytest.mark.parametrize(
    ("share", "quiet"), [(0.5 * NOISY_SHARE, True), (0.9 * NOISY_SHARE, True), (1.2 * NOISY_SHARE, False)]
)
def test_noise_that_is_small_beside_the_range_is_not_taken_for_leave_to_remove_beds(share: float, quiet: bool) -> None:
    beds = 60 + 30 * np.sin(np.arange(DEPTHS) / 40)
    span = np.subtract(*np.quantile(beds, [0.9, 0.1]))
    raw = beds + np.random.default_rng(0).normal(0, share * span, DEPTHS)
    raw[100] = 60 + span  # a thin bed
    found = limit_unflagged_changes(scores_of("GR", raw, beds, slice(0, 0))).denoised[0]
    changed = abs(found[100] - raw[100]) / np.subtract(*np.quantile(raw, [0.9, 0.1]))
    assert (changed <= MAX_QUIET_SHARE + 1e-4) == quiet
    assert changed >= MAX_RANGE_SHARE - 1e-4


def test_a_resistivity_is_limited_by_its_logarithm() -> None:
    raw = np.geomspace(1, 100, DEPTHS)
    raw[200] = 1000.0
    found = limit_unflagged_changes(scores_of("RDEP", raw, np.geomspace(1, 100, DEPTHS), slice(0, 0))).denoised[0]
    allowed = MAX_RANGE_SHARE * np.subtract(*np.quantile(np.log10(raw), [0.9, 0.1]))
    np.testing.assert_allclose(np.log10(found[200]), 3 - allowed, rtol=1e-4)


def test_missing_readings_stay_missing() -> None:
    raw = np.linspace(2.2, 2.7, DEPTHS)
    raw[:50] = np.nan
    found = limit_unflagged_changes(scores_of("RHOB", raw, raw, slice(0, 0)))
    np.testing.assert_array_equal(found.denoised[0], raw.astype(np.float32))
    nothing = np.full(DEPTHS, np.nan)
    assert np.isnan(limit_unflagged_changes(scores_of("GR", nothing, nothing, slice(0, 0))).denoised).all()
