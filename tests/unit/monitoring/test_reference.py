"""The reference: additive counts, errors of the PCA subspace, and a round trip through arrays."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aemodels.core.errors import DataError
from aemodels.monitoring.build_reference import ScoredRecording, build_reference
from aemodels.monitoring.histogram import bin_counts, counts_from_summary, quantile_edges, quantile_summary
from aemodels.monitoring.pca_subspace import fit_subspace
from aemodels.monitoring.reference import PCA_ERROR, SCORE, Reference
from aemodels.monitoring.trace_features import TRACE_FEATURES, trace_features
from helpers.recordings import make_line, make_well
from helpers.scored import CURVES, scored


@pytest.fixture(scope="module")
def reference(wells):
    return build_reference("logs", CURVES, [ScoredRecording(w.name, n > 3, scored(w)) for n, w in enumerate(wells)])


def test_edges_put_equal_shares_into_each_bin():
    values = np.random.default_rng(0).normal(size=20_000)
    counts = bin_counts(values, quantile_edges(values, 50)).counts
    np.testing.assert_allclose(counts, 400, atol=1)


def test_a_value_on_an_edge_counts_below_it():
    edges = np.array([1.0, 2.0])
    assert bin_counts(np.array([1.0]), edges).counts.tolist() == [1, 0, 0]
    assert bin_counts(np.array([2.0]), edges).counts.tolist() == [0, 1, 0]
    assert bin_counts(np.array([2.0, np.nextafter(2.0, 3.0)]), edges).counts.tolist() == [0, 1, 1]


def test_a_constant_has_one_edge_and_an_empty_array_is_refused():
    assert quantile_edges(np.full(9, 2.5)).tolist() == [2.5]
    with pytest.raises(DataError, match="finite"):
        quantile_edges(np.array([np.nan]))


def test_counts_of_parts_add_up_to_those_of_the_whole():
    values = np.append(np.random.default_rng(1).normal(size=999), np.nan)
    edges = quantile_edges(values)
    whole, parts = bin_counts(values, edges), bin_counts(values[:300], edges) + bin_counts(values[300:], edges)
    np.testing.assert_array_equal(whole.counts, parts.counts)
    assert (whole.values, whole.missing) == (parts.values, parts.missing) == (999, 1)
    assert whole.mean == pytest.approx(np.nanmean(values))
    assert whole.missing_share == pytest.approx(0.001)


def test_a_quantile_summary_gives_nearly_the_counts_of_the_values():
    rng = np.random.default_rng(2)
    edges = quantile_edges(rng.normal(size=5000), 20)
    values = np.append(rng.normal(0.5, 1.5, 4000), [np.nan] * 7).astype(np.float32)
    summary = json.loads(json.dumps(quantile_summary(values)))
    found, truth = counts_from_summary(summary, edges), bin_counts(values, edges)
    assert np.abs(np.cumsum(found.counts) - np.cumsum(truth.counts)).max() < 0.01 * truth.values
    assert (found.values, found.missing) == (pytest.approx(truth.values), 7)
    assert found.mean == pytest.approx(truth.mean, rel=1e-5)


@pytest.mark.parametrize(
    ("values", "counts"), [([], [0, 0]), ([1.0], [1, 0]), ([2.0] * 5, [0, 5]), ([1.0] * 3, [3, 0])]
)
def test_quantile_summaries_of_no_values_and_of_constants(values, counts):
    found = counts_from_summary(quantile_summary(np.array(values, dtype=np.float32)), np.array([1.5]))
    np.testing.assert_allclose(found.counts, counts, atol=1e-9)


def test_only_values_outside_the_subspace_have_an_error():
    rng = np.random.default_rng(3)
    shapes = np.stack([np.sin(np.linspace(0, 6.28, 320)), np.cos(np.linspace(0, 6.28, 320))])
    groups = [(rng.normal(size=(2, 2)) @ shapes).astype(np.float32) for _ in range(6)]
    subspace, errors = fit_subspace(groups, "logs", ("GR", "NPHI"))
    inside = (rng.normal(size=(2, 2)) @ shapes).astype(np.float32)
    assert subspace.errors(inside).max() < 0.02
    assert max(error.max() for error in errors) < 0.02
    assert subspace.errors(inside + rng.normal(size=inside.shape).astype(np.float32)).mean() > 0.2


def test_missing_samples_do_not_add_to_the_error():
    wells = [make_well(f"S-{n}", seed=40 + n).values for n in range(4)]
    subspace, _ = fit_subspace(wells, "logs", CURVES)
    gaps = wells[0].copy()
    gaps[2, 100:900] = np.nan
    gaps[:, 500:700] = np.nan
    errors = subspace.errors(gaps)
    assert np.isfinite(errors).all()
    assert errors.size < subspace.errors(wells[0]).size, "windows without data have no error"
    assert np.median(errors) < 1.5 * np.median(subspace.errors(wells[0]))
    assert subspace.errors(wells[0][:, :5]).shape == (0,), "five samples are no window"


def test_the_errors_of_the_reference_are_out_of_fold(reference):
    """A group's errors come from the subspace of the others: new wells of the same kind have the same errors."""
    new = np.concatenate([reference.subspace.errors(make_well(f"N-{n}", seed=60 + n).values) for n in range(8)])
    assert new.mean() == pytest.approx(reference.pooled(PCA_ERROR).mean, rel=0.15)


def test_trace_features_have_the_known_values_of_a_sine_and_of_noise():
    samples = 512
    rng = np.random.default_rng(4)
    sine = np.sin(2 * np.pi * 32 / samples * np.arange(samples))  # 32 periods of 256 that fit: 1/8 of Nyquist
    values = np.stack([sine, 1e6 * rng.normal(size=samples), np.zeros(samples), 3 * sine]).astype(np.float32)
    features = trace_features(values)
    assert set(features) == set(TRACE_FEATURES)
    assert features["frequency"][0] == pytest.approx(0.125, abs=1e-3)
    assert features["bandwidth"][0] == pytest.approx(0.0, abs=1e-3)
    assert features["kurtosis"][0] == pytest.approx(-1.5, abs=0.01)
    assert features["autocorrelation"][0] == pytest.approx(np.cos(2 * np.pi * 32 / samples), abs=0.01)
    assert features["frequency"][1] == pytest.approx(0.5, abs=0.05)
    assert features["bandwidth"][1] == pytest.approx(1 / np.sqrt(12), abs=0.03)
    assert features["autocorrelation"][1] == pytest.approx(0.0, abs=0.15)
    assert all(np.isnan(feature[2]) for feature in features.values())
    assert features["relative_rms"][3] == pytest.approx(1.0)


def test_features_of_a_line_do_not_depend_on_its_gain():
    line = make_line(traces=30).values
    subspace, _ = fit_subspace([line], "seismic")
    for name, feature in trace_features(line).items():
        np.testing.assert_allclose(trace_features(line * np.float32(1e4))[name], feature, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(subspace.errors(line * np.float32(1e4)), subspace.errors(line), rtol=1e-4)


def test_scores_are_compared_with_validation_data(reference, wells):
    unseen = np.concatenate([scored(well).score for well in wells[4:]])
    assert reference.pooled(SCORE).values == unseen.size
    assert reference.pooled(SCORE).mean == pytest.approx(unseen.mean(), rel=1e-5)
    assert reference.pooled("GR").values == sum(well.axis.size for well in wells)
    assert reference.inputs == CURVES


def test_lines_are_grouped_in_runs_of_neighbouring_traces():
    line = make_line(traces=100)
    reference = build_reference("seismic", (), [ScoredRecording("L-1", False, scored(line))])
    assert [name.split()[-1] for name in reference.groups] == ["0-24", "25-49", "50-74", "75-99"]
    assert reference.features[PCA_ERROR].counts.sum(axis=1).tolist() == [25] * 4


def test_the_reference_is_restored_from_its_arrays(reference):
    arrays = reference.arrays()
    assert all(array.dtype != object for array in arrays.values())
    again = Reference.restore(arrays, "logs")
    assert again.groups == reference.groups
    assert list(again.features) == list(reference.features)
    well = make_well("x", seed=99).values
    np.testing.assert_array_equal(again.subspace.errors(well), reference.subspace.errors(well))
    for name, feature in reference.features.items():
        np.testing.assert_array_equal(again.features[name].counts, feature.counts)
