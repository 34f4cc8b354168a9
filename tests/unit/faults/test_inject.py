"""Placement: balance, label, limits."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from aemodels.core.errors import DataError, SpecError
from aemodels.core.types import Channel, Recording, Source
from aemodels.faults import (
    CycleSkip,
    Dead,
    DepthShift,
    Duplicated,
    LogSpike,
    Noisy,
    Reversed,
    StaticShift,
    Stuck,
    TraceSpikes,
    Unit,
    Washout,
    inject,
    row_label,
)
from aemodels.faults.base import Site

LOG_FAULTS = (Washout(), CycleSkip(), Stuck(), LogSpike(), DepthShift(), Unit())
TRACE_FAULTS = (Dead(), Reversed(), TraceSpikes(), StaticShift(), Noisy())
LEVELS = {"GR": (80, 20), "RHOB": (2.4, 0.08), "NPHI": (0.25, 0.04), "DTC": (90, 8), "RDEP": (2, 0.2), "CALI": (9, 0.2)}


def make_well(seed: int = 0, samples: int = 12_000, names: tuple[str, ...] = tuple(LEVELS)) -> Recording:
    rng = np.random.default_rng(seed)
    values = np.stack([LEVELS[name][0] + LEVELS[name][1] * rng.uniform(-1, 1, samples) for name in names])
    return Recording(
        values=values.astype(np.float32),
        axis=1000.0 + 0.1524 * np.arange(samples),
        channels=tuple(Channel(name) for name in names),
        kind="logs",
        source=Source(uri="made.las", sha256="0" * 64),
        name="made",
    )


def make_line(traces: int = 300, samples: int = 100) -> Recording:
    values = np.random.default_rng(0).standard_normal((traces, samples))
    return Recording(
        values=values.astype(np.float32),
        axis=0.004 * np.arange(samples),
        channels=tuple(Channel(f"trace {n}", "amplitude") for n in range(traces)),
        kind="seismic",
        source=Source(uri="made.sgy", sha256="0" * 64),
        name="made",
    )


@pytest.mark.parametrize("fraction", [0.06, 0.15, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_every_log_kind_gets_as_many_events_as_any_other(fraction: float, seed: int) -> None:
    injection = inject(make_well(), LOG_FAULTS, fraction=fraction, rng=np.random.default_rng(seed))
    counts = Counter(event.kind for event in injection.events)
    assert set(counts) == {fault.kind for fault in LOG_FAULTS}
    assert max(counts.values()) - min(counts.values()) <= 1


def test_depth_shifts_and_unit_mistakes_are_placed_in_wells_full_of_gaps() -> None:
    """The kinds with the longest events are the first to starve where places are guessed rather than searched."""
    values = make_well().values.copy()
    values[3, :8000] = np.nan
    values[1, ::450] = np.nan
    values[2, 3000:9000] = np.nan
    well = make_well().with_values(values)
    counts: Counter[str] = Counter()
    samples: Counter[str] = Counter()
    for seed in range(5):
        injection = inject(well, LOG_FAULTS, fraction=0.2, rng=np.random.default_rng(seed))
        counts.update(event.kind for event in injection.events)
        for event in injection.events:
            samples[event.kind] += event.stop - event.start
    assert max(counts.values()) - min(counts.values()) <= 5
    assert samples["depth_shift"] > 2000 and samples["unit"] > 2000  # 25 m and 35 m on average


@pytest.mark.parametrize("fraction", [0.02, 0.1, 0.4])
def test_logs_reach_the_fraction_and_overshoot_by_one_event_at_most(fraction: float) -> None:
    injection = inject(make_well(), LOG_FAULTS, fraction=fraction, rng=np.random.default_rng(1))
    longest = 60.0 / 0.1524 + 1  # the longest unit mistake
    assert fraction <= row_label(injection).mean() < fraction + longest / 12_000


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.5])
def test_lines_reach_the_fraction_exactly_and_evenly(fraction: float) -> None:
    injection = inject(make_line(), TRACE_FAULTS, fraction=fraction, rng=np.random.default_rng(1))
    assert row_label(injection).sum() == round(fraction * 300)
    counts = Counter(event.kind for event in injection.events)
    assert max(counts.values()) - min(counts.values()) <= 1
    traces = [name for event in injection.events for name in event.channels]
    assert len(set(traces)) == len(traces)


def test_events_do_not_share_a_depth_and_bound_the_label() -> None:
    injection = inject(make_well(), LOG_FAULTS, fraction=0.4, rng=np.random.default_rng(3))
    spans = sorted((event.start, event.stop) for event in injection.events)
    assert all(stop <= start for (_, stop), (start, _) in pairwise(spans))
    covered = np.zeros(injection.label.shape, dtype=bool)
    for event in injection.events:
        for name in event.channels:
            row = injection.recording.names.index(name)
            covered[row, event.start : event.stop] = True
            assert injection.label[row].any()
        columns = injection.label[:, event.start : event.stop].any(axis=0)
        assert columns[0] and columns[-1]
    assert not (injection.label & ~covered).any()


def test_events_lie_where_their_curve_is_observed() -> None:
    values = make_well().values.copy()
    values[3, :9000] = np.nan
    injection = inject(make_well().with_values(values), (CycleSkip(),), fraction=0.05, rng=np.random.default_rng(0))
    assert all(event.start >= 8995 for event in injection.events)  # a tenth of an event may be missing


def test_where_room_runs_out_there_are_fewer_faults_rather_than_none() -> None:
    short = make_well(samples=120)
    injection = inject(short, (Stuck(length_m=(5.0, 8.0)),), fraction=0.9, rng=np.random.default_rng(0))
    assert 1 <= len(injection.events) <= 3


def test_a_long_wish_is_shortened_to_the_room_there_is() -> None:
    injection = inject(
        make_well(samples=100), (DepthShift(length_m=(3.0, 400.0)),), fraction=0.1, rng=np.random.default_rng(0)
    )
    assert injection.events[0].stop - injection.events[0].start <= 100


def test_a_flat_curve_cannot_be_stuck() -> None:
    flat = make_well().with_values(np.ones_like(make_well().values))
    with pytest.raises(SpecError, match=r"no room for any of stuck in 12000 samples; give"):
        inject(flat, (Stuck(),), fraction=0.1, rng=np.random.default_rng(0))


def test_dead_traces_are_not_killed_again() -> None:
    values = make_line(traces=10).values.copy()
    values[:8] = 0.0
    injection = inject(make_line(traces=10).with_values(values), (Dead(),), fraction=0.9, rng=np.random.default_rng(0))
    assert sorted(name for event in injection.events for name in event.channels) == ["trace 8", "trace 9"]


def test_kinds_of_the_other_sort_are_left_out() -> None:
    injection = inject(make_line(), (*LOG_FAULTS, Dead()), fraction=0.1, rng=np.random.default_rng(0))
    assert {event.kind for event in injection.events} == {"dead"}
    gamma_only = inject(make_well(names=("GR",)), LOG_FAULTS, fraction=0.1, rng=np.random.default_rng(0))
    assert {event.kind for event in gamma_only.events} == {"stuck", "spike", "depth_shift"}


def test_nothing_applicable_is_refused() -> None:
    with pytest.raises(SpecError, match=r"made\.sgy: no fault kind \(washout, cycle_skip, .*\) applies to seismic"):
        inject(make_line(), LOG_FAULTS, fraction=0.1, rng=np.random.default_rng(0))
    with pytest.raises(SpecError, match="applies to logs with channels GR"):
        inject(make_well(names=("GR",)), (CycleSkip(),), fraction=0.1, rng=np.random.default_rng(0))


@pytest.mark.parametrize("fraction", [-0.1, 0.95, float("nan")])
def test_impossible_fractions_are_refused(fraction: float) -> None:
    with pytest.raises(SpecError, match=r"expected 0 \.\. 0\.9"):
        inject(make_well(), LOG_FAULTS, fraction=fraction, rng=np.random.default_rng(0))


def test_fraction_zero_changes_nothing() -> None:
    injection = inject(make_well(), LOG_FAULTS, fraction=0.0, rng=np.random.default_rng(0))
    assert injection.events == () and not injection.label.any()
    np.testing.assert_array_equal(injection.recording.values, make_well().values)


class _WrongShape(Stuck):
    """A fault made wrongly: one row too many."""

    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> np.ndarray:
        return np.zeros((len(site.rows) + 1, site.stop - site.start), dtype=np.float32)


class _OneNumber(Stuck):
    """A fault made wrongly: a number that numpy would spread over all samples."""

    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> np.ndarray:
        return np.float32(7.0)


class _Loses(Stuck):
    """A fault made wrongly: it removes the third value."""

    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> np.ndarray:
        values = recording.values[list(site.rows), site.window] + np.float32(1.0)
        values[0, 2] = np.nan
        return values


@pytest.mark.parametrize(("fault", "found"), [(_WrongShape, r"shape \(2, "), (_OneNumber, r"shape \(\)")])
def test_a_fault_of_another_shape_is_refused_by_name(fault: type[Stuck], found: str):
    with pytest.raises(DataError, match=rf"fault 'stuck': apply returned values of {found}.*expected \(1, "):
        inject(make_well(samples=400), (fault(),), fraction=0.1, rng=np.random.default_rng(0))


def test_a_fault_that_loses_a_value_is_refused_by_name():
    well = make_well(samples=400, names=("GR",))
    with pytest.raises(DataError, match="fault 'stuck': apply returned NaN for 1 observed values") as caught:
        inject(well, (_Loses(),), fraction=0.1, rng=np.random.default_rng(0))
    assert "GR at sample" in str(caught.value)


def test_a_value_that_was_missing_may_stay_missing():
    well = make_well(samples=400, names=("GR",))
    values = well.values.copy()
    values[0, ::11] = np.nan
    gappy = well.with_values(values)
    injection = inject(gappy, (Unit(curves=("GR",)), Stuck()), fraction=0.1, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(np.isnan(injection.recording.values), np.isnan(values))


def test_a_duplicated_trace_keeps_its_own_samples_where_its_neighbour_has_none():
    line = make_line(traces=2)
    values = line.values.copy()
    values[0, 5] = np.nan
    site = Site(rows=(1,), start=0, stop=100, protected=(0,))
    after = Duplicated().apply(line.with_values(values), site, np.random.default_rng(0))
    expected = np.where(np.arange(100) == 5, values[1], values[0])
    np.testing.assert_array_equal(after[0], expected)
