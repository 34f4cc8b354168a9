"""Drift, saturation, pulls, noise, repeats; weak, clipped, humming, doubled, amplified traces: known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from aemodels.faults import (
    Clipped,
    Drift,
    Duplicated,
    FaultEvent,
    Gain,
    Hum,
    NearDead,
    NoiseBurst,
    Repeat,
    Saturation,
    TensionPull,
    inject,
)
from aemodels.faults.base import FaultBase, Site
from aemodels.faults.logs.drift import TOLERANCE
from helpers.recordings import make_line, make_well

WELL = make_well(samples=2000)
LINE = make_line(traces=30)
ROWS = {name: row for row, name in enumerate(WELL.names)}


def applied(fault: FaultBase, row: int, start: int, stop: int, seed: int = 0) -> tuple[Any, Any]:
    """Values before and after, float32[sample]."""
    source = WELL if fault.records == "logs" else LINE
    after = fault.apply(source, Site((row,), start, stop), np.random.default_rng(seed))
    return source.values[row, start:stop], after[0]


@pytest.mark.parametrize("curve", ["RHOB", "NPHI", "DTC"])
def test_a_step_off_calibration_is_the_stated_multiple_of_the_tolerance(curve: str) -> None:
    fault = Drift(tolerances=(5.0, 5.0), ramp_share=1e-9)
    before, after = applied(fault, ROWS[curve], 100, 400)
    np.testing.assert_allclose(np.abs(after - before), 5.0 * TOLERANCE[curve], rtol=2e-4)


def test_a_resistivity_off_calibration_is_off_by_a_factor() -> None:
    before, after = applied(Drift(tolerances=(5.0, 5.0), ramp_share=1e-9), ROWS["RDEP"], 100, 400)
    np.testing.assert_allclose(np.abs(np.log10(after / before)), 0.2, rtol=1e-3)


def test_a_drift_grows_from_nothing_to_its_full_size() -> None:
    before, after = applied(Drift(tolerances=(8.0, 8.0), ramp_share=1.0), ROWS["DTC"], 100, 400)
    offset = np.abs(after - before)
    assert offset[0] < 0.1
    assert offset[-1] == pytest.approx(16.0, rel=1e-3)
    assert (np.diff(offset) > -1e-3).all()


def test_drift_leaves_curves_without_a_known_tolerance_alone() -> None:
    assert Drift(curves=("SP",)).targets(make_well(curves=("GR",))) == ()


@pytest.mark.parametrize("curve", ["GR", "NPHI", "DTC", "RDEP"])
def test_saturation_holds_the_stated_share_at_the_limit_and_keeps_the_rest(curve: str) -> None:
    before, after = applied(Saturation(saturated_share=(0.4, 0.4)), ROWS[curve], 200, 700)
    limit = after.max()
    np.testing.assert_array_equal(after, np.minimum(before, limit))
    assert np.mean(before > limit) == pytest.approx(0.4, abs=0.01)


def test_a_pull_repeats_nearly_one_depth_and_then_meets_the_true_depth_again() -> None:
    ramp = np.tile(np.linspace(50.0, 150.0, 2000, dtype=np.float32), (5, 1))
    well = WELL.with_values(ramp)
    fault = TensionPull(creep=(0.0, 0.0), stuck_share=(0.6, 0.6), spread=0.0)
    after = fault.apply(well, Site((0,), 500, 600), np.random.default_rng(0))[0]
    before = ramp[0, 500:600]
    np.testing.assert_allclose(after[:55], before[0], atol=0.02)
    assert after[-1] == pytest.approx(before[-1], abs=0.02)
    assert (np.diff(after[62:]) > 1.5 * np.diff(before).mean()).all()


def test_a_pull_hits_the_curves_of_a_string_at_places_of_their_own() -> None:
    ramp = np.tile(np.linspace(50.0, 150.0, 2000, dtype=np.float32), (5, 1))
    well = WELL.with_values(ramp)
    site = Site((0, 1, 2, 3, 4), 500, 600)
    after = TensionPull(spread=0.5).apply(well, site, np.random.default_rng(3))
    starts = [int(np.flatnonzero(row != ramp[0, 500:600])[0]) for row in after]
    assert len(set(starts)) > 2
    assert max(starts) <= 51


def test_counting_noise_goes_on_while_the_string_stands_still() -> None:
    noise = np.random.default_rng(0).normal(80.0, 3.0, (5, 2000)).astype(np.float32)
    fault = TensionPull(creep=(0.0, 0.0), stuck_share=(0.8, 0.8), spread=0.0)
    after = fault.apply(WELL.with_values(noise), Site((0,), 200, 1200), np.random.default_rng(0))[0]
    assert after[:750].std() == pytest.approx(3.0, rel=0.15)


def test_a_noise_burst_has_the_stated_strength() -> None:
    low, high = np.percentile(WELL.channel("GR"), [0.5, 99.5])
    before, after = applied(NoiseBurst(level=(0.1, 0.1), correlation_m=(0.02, 0.02)), ROWS["GR"], 100, 1900)
    unheld = after > 0
    assert (after - before)[unheld].std() == pytest.approx(0.1 * (high - low), rel=0.1)


def test_a_repeat_holds_another_interval_of_the_same_well() -> None:
    after = Repeat(distance_m=(30.48, 30.48)).apply(WELL, Site((0, 1, 2, 3, 4), 600, 700), np.random.default_rng(0))
    above, below = WELL.values[:, 400:500], WELL.values[:, 800:900]
    assert min(np.abs(after - above).max(), np.abs(after - below).max()) == 0.0


def test_a_repeat_at_the_top_is_taken_from_below() -> None:
    for seed in range(6):
        fault = Repeat(distance_m=(30.48, 30.48))
        after = fault.apply(WELL, Site((0,), 10, 110), np.random.default_rng(seed))
        np.testing.assert_array_equal(after[0], WELL.values[0, 210:310])


def test_a_near_dead_trace_keeps_hardly_anything() -> None:
    for seed in range(6):
        before, after = applied(NearDead(), 5, 0, 160, seed)
        assert 0 < after.std() < 0.1 * before.std()


def test_a_clipped_trace_stays_within_its_full_scale_and_keeps_what_is_below() -> None:
    before, after = applied(Clipped(level=(0.8, 0.8)), 5, 0, 160)
    level = 0.8 * np.sqrt(np.mean(before**2))
    np.testing.assert_allclose(after, np.clip(before, -level, level), rtol=1e-5)


def test_hum_is_one_sine_of_the_stated_frequency_and_strength() -> None:
    before, after = applied(Hum(frequencies_hz=(50.0,), level=(2.0, 2.0)), 5, 0, 160)
    spectrum = np.abs(np.fft.rfft(after - before))
    frequency = np.fft.rfftfreq(160, 0.004)[spectrum.argmax()]
    assert frequency == pytest.approx(50.0, abs=1.6)
    assert np.std(after - before) == pytest.approx(2.0 * np.sqrt(np.mean(before**2)), rel=0.05)


def test_hum_beyond_what_the_sampling_holds_is_not_drawn() -> None:
    before, after = applied(Hum(frequencies_hz=(50.0, 400.0), level=(2.0, 2.0)), 5, 0, 160, seed=1)
    assert np.fft.rfftfreq(160, 0.004)[np.abs(np.fft.rfft(after - before)).argmax()] == pytest.approx(50.0, abs=1.6)


def test_a_duplicate_is_the_trace_before_it() -> None:
    injection = inject(LINE, (Duplicated(),), fraction=0.1, rng=np.random.default_rng(0))
    for event in injection.events:
        row = LINE.names.index(event.channels[0])
        np.testing.assert_array_equal(injection.recording.values[row], LINE.values[row - 1])
    assert all(isinstance(event, FaultEvent) and event.channels[0] != "trace 0" for event in injection.events)


@pytest.mark.parametrize("seed", range(6))
def test_wrong_gain_is_one_factor_either_way(seed: int) -> None:
    before, after = applied(Gain(factor=(4.0, 4.0)), 5, 0, 160, seed)
    ratio = after[np.abs(before) > 1e-3] / before[np.abs(before) > 1e-3]
    assert ratio.max() == pytest.approx(ratio.min(), rel=1e-4)
    assert ratio[0] in (pytest.approx(4.0, rel=1e-4), pytest.approx(0.25, rel=1e-4))
