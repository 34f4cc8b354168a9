"""Wells of other depth steps: the same metres are flagged, at the well's own depths, and beds stay."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.own_depths import at_own_depths
from aemodels.bundle.shipped import shipped_bundle
from aemodels.core.types import Recording, Scores
from aemodels.io import read
from aemodels.report.flagged_intervals import flagged_intervals
from aemodels.signal.resample import cells, median_step, resample
from helpers.recordings import make_well

STEPS = (0.0762, 0.1524, 0.25, 0.5)
STUCK, UNIT = (1500.0, 1512.0), (1800.0, 1830.0)  # m, of gamma ray and of density


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(shipped_bundle("logs-v1").folder)


@pytest.fixture(scope="module")
def faulty(field_data, bundle) -> Recording:
    """A North Sea well with a stuck gamma ray, and a density in kg/m3 for 30 m."""
    well = read(field_data / "force2020" / "16_2-16.las")
    rows = [well.names.index(curve) for curve in bundle.curves]
    values = well.values[rows].copy()
    depth = well.axis
    inside = (depth >= STUCK[0]) & (depth <= STUCK[1])
    values[0, inside] = values[0, np.flatnonzero(inside)[0]]
    values[1, (depth >= UNIT[0]) & (depth <= UNIT[1])] *= 1000.0
    return dataclasses.replace(well, values=values, channels=tuple(well.channels[row] for row in rows))


@pytest.mark.parametrize("step", STEPS)
def test_the_same_well_at_any_step_gives_the_same_intervals(faulty, bundle, step):
    well = resample(faulty, step)
    assert median_step(well.axis) == pytest.approx(step, rel=0.02)
    scores = bundle.score(well)
    assert scores.score.shape == well.axis.shape
    found = flagged_intervals(well.axis, scores)
    for top, base in (STUCK, UNIT):
        covered = sum(max(0.0, min(item.base, base) - max(item.top, top)) for item in found)
        assert covered > 0.9 * (base - top)
    usual = bundle.score(faulty)
    agree = np.interp(well.axis, faulty.axis, usual.is_anomaly.astype(float)) > 0.5
    assert (agree == scores.is_anomaly).mean() > 0.97


@pytest.mark.parametrize("step", [*STEPS, 0.3048])
def test_readings_that_are_not_flagged_hardly_change(faulty, bundle, step):
    scores = bundle.score(resample(faulty, step))
    change = np.abs(scores.denoised - scores.raw)[:, ~scores.is_anomaly]
    spread = np.subtract(*np.nanpercentile(scores.raw[:, ~scores.is_anomaly], [90, 10], axis=1))
    assert (np.nanpercentile(change, 99, axis=1) / spread).max() <= 0.15


def test_irregular_depths_are_scored_where_they_are(faulty, bundle):
    rng = np.random.default_rng(0)
    kept = np.sort(rng.choice(faulty.axis.size, faulty.axis.size * 2 // 3, replace=False))
    well = dataclasses.replace(faulty, axis=faulty.axis[kept], values=faulty.values[:, kept])
    scores = bundle.score(well)
    stuck = (well.axis > STUCK[0] + 0.5) & (well.axis < STUCK[1] - 0.5)
    assert scores.is_anomaly[stuck].all()
    assert np.isfinite(scores.score).mean() > 0.8


def test_a_bundle_of_the_first_version_takes_samples_as_they_come(bundle):
    well = resample(make_well(samples=500), 0.25)
    early = dataclasses.replace(bundle, step=None)
    assert early.score(well).score.shape == well.axis.shape
    assert not np.array_equal(early.score(well).score, bundle.score(well).score)


def test_fine_sampling_does_not_alias_and_a_flat_line_stays_flat():
    axis = 1000.0 + 0.02 * np.arange(5000)
    well = make_well(samples=5000)
    values = np.tile(np.sin(2 * np.pi * axis / 0.055), (5, 1)) + 50  # far below the new step
    values[:, 2000:3000] = 37.3
    coarse = resample(dataclasses.replace(well, axis=axis, values=values.astype(np.float32)), 0.1524)
    assert np.abs(coarse.values[0, :200] - 50).max() < 0.35
    inside = (coarse.axis > axis[2010]) & (coarse.axis < axis[2990])
    assert len(set(coarse.values[0, inside].tolist())) == 1


def test_resistivities_are_joined_on_a_logarithmic_scale_and_gaps_stay():
    well = make_well(samples=101)
    values = np.full((5, 101), np.nan, dtype=np.float32)
    values[4, ::2] = 10.0 ** (np.arange(51) % 2 * 2)  # 1, 100, 1, ... every 0.3 m
    sparse = dataclasses.replace(well, values=values[:, ::2], axis=well.axis[::2])
    fine = resample(sparse, 0.1524)
    np.testing.assert_allclose(fine.values[4, 3:-3:2], 10.0, rtol=1e-4)
    holed = values.copy()
    holed[4, 40:50] = np.nan
    fine = resample(dataclasses.replace(well, values=holed[:, ::2], axis=well.axis[::2]), 0.1524)
    assert np.isnan(fine.values[4, 40:50]).all()
    assert np.isnan(fine.values[0]).all()


@given(st.lists(st.floats(0.02, 3.0), min_size=1, max_size=60), st.floats(0.05, 1.0))
def test_every_new_sample_belongs_to_one_own_depth_and_every_own_depth_has_one(distances, step):
    own = 100.0 + np.cumsum(distances)
    axis = own[0] + step * np.arange(int((own[-1] - own[0]) / step) + 1)
    first, last = cells(own, axis)
    assert (last > first).all()
    assert (first >= 0).all()
    assert (last <= axis.size).all()
    shares = np.zeros(axis.size, dtype=int)
    for start, stop in zip(first, last, strict=True):
        if stop - start > 1:
            shares[start:stop] += 1
    assert shares.max() <= 1, "no sample decides two wide cells"


def test_scores_come_back_unchanged_to_the_depths_they_were_made_for():
    rng = np.random.default_rng(1)
    axis = 500.0 + 0.1524 * np.arange(200)
    raw = rng.normal(size=(2, 200)).astype(np.float32)
    by_curve = rng.random((2, 200)).astype(np.float32)
    scores = Scores(
        kind="logs",
        score=by_curve.max(axis=0),
        threshold=0.9,
        reason=tuple("spike" if value > 0.9 else "" for value in by_curve.max(axis=0)),
        channels=("GR", "RHOB"),
        raw=raw,
        denoised=(0.5 * raw).astype(np.float32),
        channel_score=by_curve,
        judged=rng.random(200) > 0.1,
    )
    back = at_own_depths(scores, axis, axis, raw)
    np.testing.assert_array_equal(back.score, scores.score)
    np.testing.assert_array_equal(back.channel_score, scores.channel_score)
    np.testing.assert_allclose(back.denoised, scores.denoised, atol=1e-6)
    assert back.reason == scores.reason
    np.testing.assert_array_equal(back.judged, scores.judged)
    coarse = at_own_depths(scores, axis, axis[::4], raw[:, ::4])
    assert (coarse.score >= scores.score[::4]).all(), "a depth has the highest score around it"
