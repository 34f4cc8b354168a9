"""Each fault kind against what is known of it."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.types import Channel, Recording, Source
from aemodels.faults import (
    CycleSkip,
    Dead,
    DepthShift,
    LogSpike,
    Noisy,
    Reversed,
    StaticShift,
    Stuck,
    TraceSpikes,
    Unit,
    Washout,
)
from aemodels.faults.base import Site, smooth_noise

STEP = 0.1524
SOURCE = Source(uri="made.las", sha256="0" * 64)


def make_well(samples: int = 400, **curves: float) -> Recording:
    """Constant curves with a ramp of one percent, so that neighbouring samples differ."""
    curves = curves or {"GR": 80.0, "RHOB": 2.4, "NPHI": 0.25, "DTC": 90.0, "RDEP": 2.0}
    ramp = 1.0 + 0.01 * np.arange(samples) / samples
    return Recording(
        values=np.stack([level * ramp for level in curves.values()]).astype(np.float32),
        axis=1000.0 + STEP * np.arange(samples),
        channels=tuple(Channel(name) for name in curves),
        kind="logs",
        source=SOURCE,
        name="made",
    )


def make_line(traces: int = 4, samples: int = 250, frequency: float = 25.0) -> Recording:
    time = 0.004 * np.arange(samples)
    wave = np.sin(2 * np.pi * frequency * time)
    return Recording(
        values=np.tile(wave, (traces, 1)).astype(np.float32),
        axis=time,
        channels=tuple(Channel(f"trace {n}", "amplitude") for n in range(traces)),
        kind="seismic",
        source=SOURCE,
        name="made",
    )


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


@pytest.mark.parametrize("seed", range(8))
def test_washout_moves_every_curve_towards_mud_and_never_past_it(seed: int) -> None:
    well = make_well(RHOB=2.4, NPHI=0.25, DTC=90.0, CALI=8.5, DRHO=0.01)
    site = Site(rows=(0, 1, 2, 3, 4), start=100, stop=200)
    before = well.values[:, 100:200]
    after = Washout().apply(well, site, np.random.default_rng(seed))
    rhob, nphi, dtc, cali, drho = after
    assert (rhob <= before[0]).all() and rhob.min() > 1.0
    assert (nphi >= before[1]).all() and nphi.max() < 1.0
    assert (dtc >= before[2]).all() and dtc.max() < 200.0
    assert (cali >= before[3]).all() and (drho >= before[4]).all()
    worst = slice(30, 70)  # the plateau: at least 0.35 mud less four sigmas of roughness
    assert np.median(before[0, worst] - rhob[worst]) > 0.2
    assert np.median(nphi[worst] - before[1, worst]) > 0.03
    assert np.median(dtc[worst] - before[2, worst]) > 7.0
    assert abs(rhob[0] - before[0, 0]) < 0.02 and abs(rhob[-1] - before[0, -1]) < 0.02


@pytest.mark.parametrize(
    ("curve", "rock", "mud", "share"), [("RHOB", 2.5, 1.1, 1.0), ("NPHI", 0.2, 1.0, 0.4), ("DTC", 90.0, 195.0, 0.45)]
)
def test_washout_mixes_in_the_share_of_mud_that_each_tool_reads(
    curve: str, rock: float, mud: float, share: float
) -> None:
    well = make_well(**{curve: rock})
    fault = Washout(severity=(0.8, 0.8), rugosity=0.0, taper=0.0, mud_density=(1.1, 1.1), mud_slowness=(195.0, 195.0))
    after = fault.apply(well, Site((0,), 100, 200), np.random.default_rng(0))[0, 50]
    before = float(well.values[0, 150])
    assert after == pytest.approx(before + 0.8 * share * (mud - before), rel=1e-5)


def test_washout_severity_one_reads_the_density_of_the_mud() -> None:
    well = make_well(RHOB=2.5)
    fault = Washout(severity=(0.9, 0.9), rugosity=0.0, taper=0.0, mud_density=(1.1, 1.1))
    after = fault.apply(well, Site((0,), 0, 100), np.random.default_rng(0))
    np.testing.assert_allclose(after[0], 0.1 * well.values[0, :100] + 0.9 * 1.1, rtol=1e-6)


def test_washout_does_not_make_coal_denser() -> None:
    well = make_well(RHOB=1.05)
    after = Washout(mud_density=(1.2, 1.2)).apply(well, Site((0,), 0, 100), np.random.default_rng(0))
    np.testing.assert_array_equal(after[0], well.values[0, :100])


@pytest.mark.parametrize("seed", range(8))
def test_cycle_skip_adds_whole_multiples_of_one_jump(seed: int) -> None:
    well = make_well()
    fault = CycleSkip(jump=(25.0, 25.0), cycles=(1, 3), slow_share=1.0)
    after = fault.apply(well, Site((3,), 50, 90), np.random.default_rng(seed))
    multiples = (after[0] - well.values[3, 50:90]) / 25.0
    np.testing.assert_allclose(multiples, np.round(multiples), atol=1e-4)
    assert set(np.round(multiples)) <= {0.0, 1.0, 2.0, 3.0}
    assert multiples[0] >= 0.9 and multiples.min() < 0.1  # it skips, and it finds the first arrival again


def test_fast_cycle_skip_stays_slower_than_any_rock() -> None:
    well = make_well(DTC=60.0)
    after = CycleSkip(slow_share=1e-9).apply(well, Site((0,), 50, 90), np.random.default_rng(1))
    assert after.min() >= 39.9
    assert after.min() < 59.0


def test_stuck_repeats_the_reading_above() -> None:
    well = make_well()
    after = Stuck().apply(well, Site((0,), 50, 90), np.random.default_rng(0))
    assert (after == well.values[0, 49]).all()


def test_stuck_at_the_top_repeats_the_first_reading() -> None:
    values = make_well().values.copy()
    values[0, 0] = np.nan
    after = Stuck().apply(make_well().with_values(values), Site((0,), 0, 40), np.random.default_rng(0))
    assert (after == values[0, 1]).all()


def test_spike_height_is_a_share_of_the_range() -> None:
    values = make_well().values.copy()
    values[0] = np.linspace(20.0, 120.0, values.shape[1])
    well = make_well().with_values(values)
    span = np.subtract(*np.percentile(values[0], [99.5, 0.5]))
    for seed in range(30):
        after = LogSpike(height=(0.5, 0.5)).apply(well, Site((0,), 250, 253), np.random.default_rng(seed))
        height = (after[0] - values[0, 250:253]) / span
        assert (np.abs(height) > 0.34).all() and (np.abs(height) < 0.51).all()
        assert len(set(np.sign(height))) == 1


def test_spikes_go_both_ways_but_not_below_what_a_tool_reports() -> None:
    values = make_well().values.copy()
    values[0] = np.linspace(0.0, 120.0, values.shape[1])
    values[4] = 10.0 ** np.linspace(-1, 2, values.shape[1])
    well = make_well().with_values(values)
    generators = [np.random.default_rng(seed) for seed in range(40)]
    high = [LogSpike().apply(well, Site((0,), 380, 381), rng)[0, 0] > values[0, 380] for rng in generators]
    assert 5 < sum(high) < 35
    low = [LogSpike().apply(well, Site((0,), 3, 4), rng)[0, 0] for rng in generators]
    assert min(low) > 0.0
    assert min(LogSpike().apply(well, Site((4,), 3, 4), rng)[0, 0] for rng in generators) > 0.0


def test_depth_shift_moves_a_step_by_the_shift() -> None:
    values = make_well().values.copy()
    values[0] = np.where(np.arange(400) < 200, 20.0, 100.0)
    well = make_well().with_values(values)
    for seed in range(6):
        fault = DepthShift(shift_m=(10 * STEP, 10 * STEP))
        after = fault.apply(well, Site((0,), 150, 250), np.random.default_rng(seed))
        edge = 150 + int(np.argmax(after[0] > 60.0))
        assert edge in {190, 210}


def test_depth_shift_keeps_what_lies_beyond_the_curves_ends() -> None:
    well = make_well()
    after = DepthShift().apply(well, Site((0,), 0, 400), np.random.default_rng(0))
    assert np.isfinite(after).all()


@pytest.mark.parametrize(("row", "factor"), [(1, 1000.0), (2, 100.0), (3, 3.28084), (4, 0.3048)])
def test_unit_mistakes_have_their_known_factors(row: int, factor: float) -> None:
    well = make_well()
    after = Unit().apply(well, Site((row,), 10, 60), np.random.default_rng(0))
    np.testing.assert_allclose(after[0] / well.values[row, 10:60], factor, rtol=1e-5)


def test_unit_skips_curves_without_a_common_mistake() -> None:
    assert Unit(curves=("GR",)).targets(make_well()) == ()


def test_dead_and_reversed() -> None:
    line, site, rng = make_line(), Site((1,), 0, 250), np.random.default_rng(0)
    assert not Dead().apply(line, site, rng).any()
    np.testing.assert_array_equal(Reversed().apply(line, site, rng)[0], -line.values[1])


@pytest.mark.parametrize("seed", range(6))
def test_static_shift_by_whole_samples_is_a_roll_with_zeros(seed: int) -> None:
    line = make_line()
    fault = StaticShift(shift_ms=(20.0, 20.0))
    after = fault.apply(line, Site((2,), 0, 250), np.random.default_rng(seed))[0]
    original = line.values[2]
    later = np.concatenate([np.zeros(5), original[:-5]])
    earlier = np.concatenate([original[5:], np.zeros(5)])
    matches = [np.allclose(after, moved, atol=1e-5) for moved in (later, earlier)]
    assert sum(matches) == 1


@pytest.mark.parametrize("seed", range(6))
def test_spiky_traces_have_a_few_large_samples(seed: int) -> None:
    line = make_line()
    after = TraceSpikes(spikes=(3, 15), height=(4.0, 15.0)).apply(
        line, Site((0,), 0, 250), np.random.default_rng(seed)
    )[0]
    changed = after != line.values[0]
    assert 1 <= changed.sum() <= 45
    level = np.abs(after[changed]) / rms(line.values[0])
    assert level.min() > 3.99 and level.max() < 15.01


@pytest.mark.parametrize("share", [1e-9, 1.0])
def test_noise_has_the_level_asked_for(share: float) -> None:
    line = make_line(samples=1000)
    fault = Noisy(level=(3.0, 3.0), swell_share=share, burst=(1.0, 1.0))
    after = fault.apply(line, Site((0,), 0, 1000), np.random.default_rng(2))[0]
    assert rms(after - line.values[0]) / rms(line.values[0]) == pytest.approx(3.0, rel=1e-4)


def test_swell_is_low_frequency_and_a_burst_is_not() -> None:
    line = make_line(samples=1000)
    fraction_below_20_hz = {}
    for label, share in (("swell", 1.0), ("burst", 1e-9)):
        after = Noisy(swell_share=share).apply(line, Site((0,), 0, 1000), np.random.default_rng(3))[0]
        power = np.abs(np.fft.rfft(after - line.values[0])) ** 2
        fraction_below_20_hz[label] = power[np.fft.rfftfreq(1000, 0.004) < 20.0].sum() / power.sum()
    assert fraction_below_20_hz["swell"] > 0.9
    assert fraction_below_20_hz["burst"] < 0.4


def test_smooth_noise_has_unit_variance_and_the_correlation_asked_for() -> None:
    noise = smooth_noise(200_000, 5.0, np.random.default_rng(0))
    assert noise.std() == pytest.approx(1.0, abs=0.03)
    # a Gaussian kernel of width s correlates as exp(-lag^2 / 4 s^2): exp(-1) at lag 2 s
    assert np.mean(noise[10:] * noise[:-10]) == pytest.approx(np.exp(-1.0), abs=0.03)
