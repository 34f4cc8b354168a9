"""Flagged rows merged into intervals and traces, checked on planted flags."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aemodels.core.types import Channel, Recording, Scores, Source
from aemodels.report.flagged_intervals import (
    common_reasons,
    flagged_intervals,
    flagged_traces,
    merged_runs,
    sample_step,
)
from aemodels.signal.runs import runs


def planted(rows: list[int], *, samples: int = 100, affected: int = 1) -> Scores:
    """Scores of two curves with `rows` above the threshold of 1, curve number `affected` the affected one."""
    channel_score = np.zeros((2, samples), dtype=np.float32)
    channel_score[affected, rows] = 2.0 + np.arange(len(rows), dtype=np.float32)
    score = channel_score.max(axis=0)
    reason = tuple("stuck" if row in rows else "" for row in range(samples))
    values = np.ones((2, samples), dtype=np.float32)
    return Scores("logs", score, 1.0, reason, ("GR", "RHOB"), values, values.copy(), channel_score)


@given(st.lists(st.booleans(), max_size=60))
def test_runs_rebuild_the_flags(flags: list[bool]) -> None:
    flag = np.array(flags, dtype=bool)
    rebuilt = np.zeros_like(flag)
    for start, stop in runs(flag):
        assert start < stop
        rebuilt[start:stop] = True
    assert (rebuilt == flag).all()


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.floats(0.0, 5.0))
def test_merged_runs_cover_all_flags_and_keep_their_distance(flags: list[bool], gap: float) -> None:
    flag, axis = np.array(flags, dtype=bool), np.arange(len(flags)) * 0.5
    joined = merged_runs(flag, axis, gap=gap)
    inside = np.zeros_like(flag)
    for start, stop in joined:
        inside[start:stop] = True
        assert flag[start] and flag[stop - 1]
    assert (inside >= flag).all()
    for (_, stop), (start, _) in itertools.pairwise(joined):
        assert 0.5 * (start - stop) >= gap


def test_intervals_closer_than_a_metre_are_one() -> None:
    axis = 1000.0 + 0.5 * np.arange(100)
    close, apart = planted([10, 11, 13]), planted([10, 11, 14])
    assert [(i.top, i.base) for i in flagged_intervals(axis, close)] == [(1004.75, 1006.75)]
    assert [(i.top, i.base) for i in flagged_intervals(axis, apart)] == [(1004.75, 1005.75), (1006.75, 1007.25)]


def test_an_interval_names_the_curve_the_reason_and_the_highest_score() -> None:
    (interval,) = flagged_intervals(0.5 * np.arange(100), planted([10, 11, 12]))
    assert interval.curves == ("RHOB",)
    assert interval.reason == "stuck"
    assert interval.max_score == 4.0
    assert interval.thickness == pytest.approx(1.5)


def test_the_curve_with_the_highest_score_is_named_if_none_is_above_the_threshold() -> None:
    scores = planted([5])
    lowered = Scores(
        scores.kind,
        scores.score,
        scores.threshold,
        scores.reason,
        scores.channels,
        scores.raw,
        scores.denoised,
        np.float32(0.25) * scores.channel_score,
    )
    (interval,) = flagged_intervals(0.5 * np.arange(100), lowered)
    assert interval.curves == ("RHOB",)


def test_there_is_no_interval_without_flags_or_scores() -> None:
    scores = planted([])
    scores.score[:] = np.nan
    assert flagged_intervals(0.5 * np.arange(100), scores) == []


def test_reasons_are_sorted_by_frequency() -> None:
    assert common_reasons(["a", "b", "b", "", "c", "d", "c", "c"]) == "c; b; a"


def test_step_of_one_sample_is_zero() -> None:
    assert sample_step(np.array([3.0])) == 0.0


def test_flagged_traces_carry_their_header_numbers() -> None:
    values = np.ones((3, 4), dtype=np.float32)
    channels = tuple(
        Channel(f"trace {n}", "amplitude", {"trace": n, "inline": 100, "crossline": 7 + n}) for n in range(3)
    )
    line = Recording(values, np.arange(4) * 0.004, channels, "seismic", Source("l.sgy", "0" * 64), "line")
    score = np.array([0.0, 5.0, np.nan], dtype=np.float32)
    scores = Scores(
        "seismic", score, 1.0, ("", "dead", ""), line.names, values.copy(), values.copy(), score[:, None].copy()
    )
    (trace,) = flagged_traces(line, scores)
    assert (trace.trace, trace.inline, trace.crossline, trace.score, trace.reason) == (1, 100, 8, 5.0, "dead")
