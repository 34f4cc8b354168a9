"""Drift: known values and properties of the statistics, and verdicts on wells with planted shifts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from aemodels.monitoring.between_well_spread import BetweenWellSpread
from aemodels.monitoring.build_reference import ScoredRecording, build_reference
from aemodels.monitoring.drift import NOTHING, DriftThresholds, Window, assess_drift
from aemodels.monitoring.histogram import bin_counts, quantile_edges
from aemodels.monitoring.reference import FILES_LACK, PCA_ERROR, SCORE
from aemodels.monitoring.statistics import coarse, cohen_h, ks_distance, missing_files_p_value, psi
from aemodels.monitoring.trace_features import trace_features
from helpers.recordings import make_line, make_well
from helpers.scored import CURVES, scored

COUNTS = st.lists(st.integers(0, 1000), min_size=3, max_size=12).filter(any)


@given(COUNTS, st.integers(1, 50))
def test_identical_distributions_have_no_distance_whatever_their_size(counts, times):
    now = np.array(counts) * times
    assert psi(now, np.array(counts)) == pytest.approx(0.0, abs=1e-9)
    assert ks_distance(now, np.array(counts)) == pytest.approx(0.0, abs=1e-9)


@given(st.data())
def test_distances_are_symmetric_and_bounded(data):
    size = data.draw(st.integers(2, 12))
    sides = st.lists(st.integers(0, 1000), min_size=size, max_size=size).filter(any)
    now, reference = np.array(data.draw(sides)), np.array(data.draw(sides))
    assert psi(now, reference) == pytest.approx(float(psi(reference, now)))
    assert psi(now, reference) >= 0
    assert 0 <= ks_distance(now, reference) <= 1


def test_psi_of_a_shifted_normal_is_the_analytic_divergence():
    """With ever finer bins PSI tends to the Jeffreys divergence: of N(0, 1) and N(d, 1) that is d squared."""
    rng = np.random.default_rng(0)
    reference = rng.normal(size=200_000)
    edges = quantile_edges(reference)
    for shift in (0.25, 0.5):
        now = rng.normal(shift, 1.0, 200_000)
        assert psi(bin_counts(now, edges).counts, bin_counts(reference, edges).counts) == pytest.approx(
            shift**2, rel=0.1
        )


def test_psi_of_two_bins_by_hand():
    by_hand = (0.5 - 0.2) * np.log(0.5 / 0.2) + (0.5 - 0.8) * np.log(0.5 / 0.8)
    assert psi(np.array([1, 1]), np.array([20, 80])) == pytest.approx(by_hand)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.floats(-1, 1), st.floats(0.5, 2.0))
def test_ks_is_scipys_up_to_the_mass_of_a_bin(seed, shift, scale):
    rng = np.random.default_rng(seed)
    reference, now = rng.normal(size=2000), rng.normal(shift, scale, 700)
    edges = quantile_edges(reference)
    ours = ks_distance(bin_counts(now, edges).counts, bin_counts(reference, edges).counts)
    theirs = ks_2samp(now, reference).statistic
    assert ours <= theirs + 1e-12
    largest_bin = (bin_counts(now, edges).counts / now.size).max()
    assert theirs - ours <= largest_bin + 1 / 200


def test_ks_equals_scipys_if_every_value_is_an_edge():
    rng = np.random.default_rng(5)
    reference, now = rng.normal(size=60), rng.normal(0.4, 1, 40)
    edges = np.sort(np.concatenate([reference, now]))
    ours = ks_distance(bin_counts(now, edges).counts, bin_counts(reference, edges).counts)
    assert ours == pytest.approx(ks_2samp(now, reference).statistic)


def test_empty_sides_have_no_distance():
    assert np.isnan(psi(np.zeros(3), np.ones(3)))
    assert np.isnan(ks_distance(np.ones(3), np.zeros(3)))


def test_coarse_bins_hold_equal_shares_of_the_reference():
    values = np.random.default_rng(1).exponential(size=50_000)
    counts = bin_counts(values, quantile_edges(values)).counts
    np.testing.assert_allclose(coarse(counts, counts), 5000, rtol=0.02)
    assert coarse(np.ones((4, counts.size)), counts).sum(axis=-1).tolist() == [counts.size] * 4


def test_cohens_h_by_hand():
    assert cohen_h(np.array(0.5), np.array(0.5)) == 0
    assert cohen_h(np.array(1.0), np.array(0.0)) == pytest.approx(np.pi)
    assert cohen_h(np.array(0.02), np.array(0.01)) > cohen_h(np.array(0.42), np.array(0.41))


@given(st.integers(1, 20), st.integers(1, 30), st.data())
def test_the_p_value_of_missing_files_decreases_with_every_further_file(files, groups, data):
    before = data.draw(st.integers(0, groups))
    chances = [missing_files_p_value(lacking, files, before, groups) for lacking in range(files + 1)]
    assert chances[0] == pytest.approx(1.0)
    assert (np.diff(chances) < 1e-12).all()
    assert chances[-1] >= 0


def counted(reference, raws, scores) -> Window:
    window = NOTHING
    for raw, score in zip(raws, scores, strict=True):
        inputs = dict(zip(CURVES, raw, strict=True)) if reference.kind == "logs" else trace_features(raw)
        values = inputs | {SCORE: score, PCA_ERROR: reference.subspace.errors(raw)}
        window += Window(
            files=1,
            rows=score.size,
            flagged=int((score > 0.9).sum()),
            features={name: bin_counts(value, reference.features[name].edges) for name, value in values.items()},
            lacking={name: int(np.isnan(value).mean() > FILES_LACK) for name, value in inputs.items()},
        )
    return window


def judged(reference, raws, **thresholds):
    scores = [np.abs(np.nan_to_num(raw[0], nan=75) - 75) / 55 for raw in raws]
    rows = assess_drift(reference, counted(reference, raws, scores), DriftThresholds(**thresholds))
    return {row.feature: row for row in rows}


@pytest.fixture(scope="module")
def reference():
    wells = [make_well(f"R-{n}", seed=200 + n) for n in range(8)]
    return build_reference("logs", CURVES, [ScoredRecording(w.name, n > 5, scored(w)) for n, w in enumerate(wells)])


def arrivals(count=4, **shifts) -> list[np.ndarray]:
    raws = [make_well(f"A-{n}", seed=300 + n).values.copy() for n in range(count)]
    for raw in raws:
        for curve, change in shifts.items():
            raw[CURVES.index(curve)] = change(raw[CURVES.index(curve)])
    return raws


def alarms(rows) -> set[str]:
    return {name for name, row in rows.items() if row.alarm}


def test_wells_like_those_of_the_training_raise_no_alarm(reference):
    rows = judged(reference, arrivals())
    assert alarms(rows) == set()
    assert set(rows) == {*CURVES, SCORE, PCA_ERROR, "flag_rate"}
    assert all(row.missing == 0 for name, row in rows.items() if name in CURVES)


@pytest.mark.parametrize(
    ("curve", "change"),
    [
        ("NPHI", lambda values: 100 * values),
        ("RHOB", lambda values: values + 0.15),
        ("GR", lambda values: 1.5 * values),
        ("DTC", lambda values: np.full_like(values, np.nan)),
    ],
)
def test_only_the_shifted_curve_drifts(reference, curve, change):
    rows = judged(reference, arrivals(**{curve: change}))
    assert alarms(rows) & set(CURVES) == {curve}
    assert rows[curve].verdict == ("missing" if curve == "DTC" else "drift")


def test_a_missing_curve_is_reported_with_its_share(reference):
    row = judged(reference, arrivals(DTC=lambda values: np.full_like(values, np.nan)))["DTC"]
    assert (row.missing, row.missing_reference, row.lacking, row.psi) == (1.0, 0.0, 4, None)


def test_one_well_without_a_curve_raises_no_alarm(reference):
    raws = arrivals()
    raws[0][3] = np.nan
    assert judged(reference, raws)["DTC"].verdict != "missing"


def test_a_curve_that_half_the_training_wells_lack_may_be_lacking():
    wells = [make_well(f"R-{n}", seed=200 + n) for n in range(8)]
    parts = []
    for number, well in enumerate(wells):
        values = well.values.copy()
        values[3] = np.nan if number % 2 else values[3]
        parts.append(ScoredRecording(well.name, number > 5, scored(well.with_values(values))))
    reference = build_reference("logs", CURVES, parts)
    raws = arrivals(DTC=lambda values: np.full_like(values, np.nan))
    assert judged(reference, raws)["DTC"].verdict == "too few"


def test_the_false_alarm_rate_of_new_wells_is_low(reference):
    """Sixty wells of the same kind, one by one: a naive Kolmogorov-Smirnov test rejects nearly all of them."""
    singly = [judged(reference, [make_well("S", seed=1000 + n).values]) for n in range(60)]
    assert sum(bool(alarms(rows)) for rows in singly) <= 5
    gr = np.concatenate([make_well(f"R-{n}", seed=200 + n).values[0] for n in range(8)])
    naive = [ks_2samp(make_well("S", seed=1000 + n).values[0], gr).pvalue < 0.01 for n in range(60)]
    assert np.mean(naive) > 0.5


def test_limits_decrease_with_the_number_of_files_and_increase_with_a_lower_false_alarm_rate(reference):
    one, four = (BetweenWellSpread.from_reference(reference, groups, 0.01).limits["GR", "ks"] for groups in (1, 4))
    assert four < one
    assert (
        BetweenWellSpread.from_reference(reference, 1, 0.001).limits["GR", "ks"]
        > one
        > BetweenWellSpread.from_reference(reference, 1, 0.2).limits["GR", "ks"]
    )


def test_thresholds_are_the_minimum_distances_of_an_alarm(reference):
    raws = arrivals(NPHI=lambda values: 100 * values)
    assert judged(reference, raws)["NPHI"].psi > 5
    assert judged(reference, raws, psi=10.0, ks=1.0)["NPHI"].verdict == "watch"


def test_a_higher_flag_rate_is_drift(reference):
    raws = arrivals()
    window = counted(reference, raws, [np.full(raw.shape[1], 0.5) for raw in raws])
    flooded = Window(window.files, window.rows, window.rows // 2, window.features, window.lacking)
    rows = {row.feature: row for row in assess_drift(reference, flooded)}
    assert rows["flag_rate"].verdict == "drift"
    assert rows["flag_rate"].now == pytest.approx(0.5, abs=0.01)


def test_one_flagged_trace_of_sixteen_raises_no_alarm():
    parts = [ScoredRecording(f"L-{n}", n > 2, scored(make_line(f"L-{n}", traces=24, seed=n))) for n in range(6)]
    reference = dataclasses.replace(build_reference("seismic", (), parts), flagged=np.zeros(6))
    for rows, flagged, verdict in ((16, 1, "steady"), (160, 30, "drift")):
        found = assess_drift(reference, Window(1, rows, flagged, {}, {}))[-1]
        assert (found.feature, found.verdict) == ("flag_rate", verdict)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_curve_that_no_training_well_has_cannot_drift():
    wells = [make_well(f"R-{n}", seed=200 + n) for n in range(5)]
    parts = []
    for well in wells:
        values = well.values.copy()
        values[3] = np.nan
        parts.append(ScoredRecording(well.name, False, scored(well.with_values(values))))
    row = judged(build_reference("logs", CURVES, parts), arrivals())["DTC"]
    assert (row.verdict, row.reference, row.missing_reference) == ("too few", None, 1.0)


def test_an_empty_window_raises_no_alarm(reference):
    assert {row.verdict for row in assess_drift(reference, NOTHING)} == {"too few"}


def test_only_the_thresholds_apply_to_a_reference_of_one_well():
    reference = build_reference("logs", CURVES, [ScoredRecording("only", False, scored(make_well("only", seed=7)))])
    rows = judged(reference, arrivals(NPHI=lambda values: 100 * values))
    assert rows["NPHI"].verdict == "drift"
    assert rows["NPHI"].psi_limit == DriftThresholds().psi


def test_noisier_traces_drift_in_the_features_that_noise_changes():
    parts = [ScoredRecording(f"L-{n}", n > 3, scored(make_line(f"L-{n}", traces=72, seed=n))) for n in range(6)]
    reference = build_reference("seismic", (), parts)
    line = make_line("new", traces=72, seed=77).values
    calm = {row.feature: row for row in assess_drift(reference, counted(reference, [line], [np.arange(72) / 72]))}
    assert not alarms(calm)
    rng = np.random.default_rng(8)
    noisy = (line + 1.5 * line.std() * rng.normal(size=line.shape)).astype(np.float32)
    rows = {row.feature: row for row in assess_drift(reference, counted(reference, [noisy], [np.arange(72) / 72]))}
    assert {"frequency", "bandwidth", "autocorrelation", PCA_ERROR} <= alarms(rows)
    assert not {"relative_rms", SCORE, "flag_rate"} & alarms(rows)
