from __future__ import annotations

import dataclasses
import itertools
import json
import re

import numpy as np
import pytest
import yaml

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.reference_view import ReferenceView
from aemodels.core.errors import BundleError, DataError, SpecError
from aemodels.evaluate.detection.compare import compare_detectors
from aemodels.experiment.fitted import Fitted, Prepared
from aemodels.experiment.spec import ExperimentSpec
from aemodels.signal.resample import median_step, resample
from aemodels.study import steps
from helpers.paths import ROOT
from helpers.recordings import make_line, make_well

LOGS = """
name: tiny-logs
kind: logs
curves: [GR, RHOB, NPHI, DTC, RDEP]
minimum_samples: 200
default: unet
contenders:
  - name: unet
    model:
      kind: unet
      widths: [4, 8]
      kernel: 3
      window: {length: 32, stride: 16}
      training: {epochs: 2, batch: 32, stride: 16, noise: [{kind: gaussian, factor: [0.05, 0.3]}]}
  - {name: gaussian_filter, model: {kind: gaussian_filter}}
test_conditions: [{name: noise 0.1, noise: [{kind: gaussian, factor: 0.1}]}]
anomalies:
  fraction: 0.3
  faults: [{kind: spike}, {kind: unit}]
  detectors:
    - {name: residual, model: {kind: reconstruction, contender: unet}}
    - {name: pca, model: {kind: pca_reconstruction, model: {latent: 5, window: {length: 32, stride: 8, width: 1}}}}
    - {name: forest, model: {kind: isolation_forest, trees: 20, rows: 1000}}
  thresholds: [{kind: mean_std}, {kind: quantile}, {kind: conformal}]
"""


def _train(spec: ExperimentSpec, recordings: list) -> tuple[Bundle, Prepared, object]:
    prepared = steps.prepare(spec, recordings)
    fitted = {c.name: steps.fit_contender(spec, c.name, prepared) for c in spec.contenders}
    found = compare_detectors(spec, prepared, {name: f.denoiser for name, f in fitted.items()})
    return steps.assemble(spec, prepared, fitted, found), prepared, found


@pytest.fixture(scope="module")
def trained(wells):
    return _train(ExperimentSpec.model_validate(yaml.safe_load(LOGS)), wells)


@pytest.fixture(scope="module")
def bundle(trained):
    return trained[0]


@pytest.fixture(scope="module")
def seismic_bundle():
    data = yaml.safe_load(LOGS)
    data |= {"name": "tiny-seismic", "kind": "seismic", "curves": [], "normalise": {"kind": "recording_rms"}}
    data["contenders"][0]["model"] |= {"rank": 2, "window": {"length": 32, "stride": 16, "width": 8, "width_stride": 4}}
    data["anomalies"]["faults"] = [{"kind": "reversed"}, {"kind": "noisy"}]
    return _train(ExperimentSpec.model_validate(data), [make_line(traces=120)])[0]


def test_saved_and_loaded_bundle_scores_the_same(bundle, tmp_path):
    bundle.save(tmp_path / "b")
    loaded = Bundle.load(tmp_path / "b")
    well = make_well("new", seed=77)
    first, second = bundle.score(well), loaded.score(well)
    np.testing.assert_allclose(first.score, second.score, rtol=1e-6)
    np.testing.assert_allclose(first.denoised, second.denoised, rtol=1e-6)
    assert (first.threshold, first.reason) == (second.threshold, second.reason)
    assert loaded.content_hash == bundle.content_hash


def test_every_file_is_json_or_plain_arrays(bundle, tmp_path):
    bundle.save(tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "b").iterdir())
    assert {name.rsplit(".")[-1] for name in names} == {"json", "npz"}
    for path in (tmp_path / "b").glob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays)


@pytest.mark.parametrize("name", ["detector.npz", "contender-unet.npz"])
def test_an_altered_or_missing_file_is_refused(bundle, tmp_path, name):
    bundle.save(tmp_path / "b")
    path = tmp_path / "b" / name
    blob = bytearray(path.read_bytes())
    blob[len(blob) // 2] ^= 1
    path.write_bytes(bytes(blob))
    with pytest.raises(BundleError, match="altered"):
        Bundle.load(tmp_path / "b")
    path.unlink()
    with pytest.raises(BundleError, match="missing"):
        Bundle.load(tmp_path / "b")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "schema version 99"),
        ({"spec": {"name": "x"}}, "does not describe"),
        ({"files": {"../outside.npz": "0"}}, "missing"),
        ({"threshold": float("nan")}, "threshold"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(bundle, tmp_path, change, message):
    bundle.save(tmp_path / "b")
    path = tmp_path / "b" / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises((BundleError, DataError), match=message):
        Bundle.load(tmp_path / "b")


def test_a_bundle_never_overwrites(bundle, tmp_path):
    (tmp_path / "precious.txt").write_text("keep")
    with pytest.raises(BundleError, match="not empty"):
        bundle.save(tmp_path)


@pytest.mark.parametrize("samples", [1, 2, 3, 31, 32, 33, 500])
def test_any_length_is_scored(bundle, samples):
    scores = bundle.score(make_well("short", samples=samples, seed=3))
    assert scores.score.shape == (samples,)
    assert np.isfinite(scores.score).all()
    assert np.isfinite(scores.denoised).all()


def test_missing_stays_missing_and_never_becomes_a_score(bundle):
    well = make_well("gaps", seed=4)
    values = well.values.copy()
    values[:, 100:180] = np.nan
    values[1, 300:420] = np.nan
    scores = bundle.score(well.with_values(values))
    assert np.isnan(scores.score[100:180]).all()
    assert np.isfinite(np.delete(scores.score, np.s_[100:180])).all()
    np.testing.assert_array_equal(np.isnan(scores.denoised), np.isnan(values))
    np.testing.assert_array_equal(np.isnan(scores.channel_score), np.isnan(values))
    assert not scores.is_anomaly[100:180].any()


def test_missing_curves_are_columns_of_nan(bundle):
    scores = bundle.score(make_well("two", seed=5, curves=("GR", "DTC")))
    assert scores.channels == ("GR", "RHOB", "NPHI", "DTC", "RDEP")
    assert np.isnan(scores.denoised[[1, 2, 4]]).all()
    assert np.isfinite(scores.score).all()


def test_a_constant_curve_is_called_stuck(bundle):
    well = make_well("stuck", seed=6)
    values = well.values.copy()
    values[0] = 60.0
    scores = bundle.score(well.with_values(values))
    assert scores.is_anomaly.all()
    assert set(scores.reason) == {"stuck"}
    assert scores.channel_flag[0].all()


def test_values_out_of_physical_range_are_flagged_and_do_not_spoil_the_neighbours(bundle):
    well = make_well("range", seed=8)
    values = well.values.copy()
    values[1, 600] = 2400.0
    scores = bundle.score(well.with_values(values))
    assert scores.reason[600] == "range"
    calm = bundle.score(well)
    np.testing.assert_allclose(scores.denoised[0], calm.denoised[0], rtol=0.1)


def test_rows_above_the_threshold_are_the_anomalies(bundle):
    scores = bundle.score(make_well("w", seed=9))
    np.testing.assert_array_equal(scores.is_anomaly, scores.score > scores.threshold)
    assert all(bool(reason) == flag for reason, flag in zip(scores.reason, scores.is_anomaly, strict=True))
    np.testing.assert_array_equal(scores.channel_flag.any(axis=0), scores.is_anomaly)


def test_foreign_recordings_are_refused_with_a_remedy(bundle):
    with pytest.raises(DataError, match="scores logs"):
        bundle.score(make_line())
    well = make_well("x", curves=("GR",))
    alien = type(well)(well.values, well.axis, (type(well.channels[0])("ZZZ"),), "logs", well.source, "x")
    with pytest.raises(DataError, match="aliases"):
        bundle.score(alien)


@pytest.mark.parametrize("traces", [1, 3, 8, 40])
def test_lines_of_any_width_are_scored_a_row_a_trace(seismic_bundle, traces):
    line = make_line(traces=traces, seed=5)
    scores = seismic_bundle.score(line)
    assert scores.score.shape == (traces,)
    assert np.isfinite(scores.score).all()
    assert scores.denoised.shape == line.values.shape


def test_dead_and_missing_traces(seismic_bundle):
    line = make_line(traces=20, seed=5)
    values = line.values.copy()
    values[4] = 0
    scores = seismic_bundle.score(line.with_values(values))
    assert scores.is_anomaly[4]
    assert scores.reason[4] == "dead"


def test_amplitudes_come_back_in_their_own_units(seismic_bundle):
    line = make_line(traces=20, seed=5)
    loud = seismic_bundle.score(line.with_values(line.values * np.float32(1000)))
    np.testing.assert_allclose(loud.denoised, 1000 * seismic_bundle.score(line).denoised, rtol=1e-3, atol=1e-2)


def test_fitted_contenders_survive_the_disk(trained, tmp_path):
    bundle, prepared, _ = trained
    for name in ("unet", "gaussian_filter"):
        fitted = Fitted(name, bundle.contenders[name], {"loss": [1.0, 0.5]}, 1.5, 7)
        fitted.save(tmp_path / name)
        loaded = Fitted.load(tmp_path / name, bundle.spec)
        section = prepared.test[0]
        np.testing.assert_allclose(loaded.denoiser.denoise(section), fitted.denoiser.denoise(section), atol=1e-6)
        assert (loaded.history, loaded.seconds, loaded.parameters) == (fitted.history, 1.5, 7)


def test_the_study_measures_what_it_promises(trained):
    found = trained[2]
    assert set(found.table["role"]) == {"validation", "test"}
    assert set(found.thresholds["threshold_kind"]) == {"mean_std", "quantile", "conformal", "suspect"}
    assert found.thresholds[["nominal", "pooled", "worst"]].apply(lambda c: c.between(0, 1)).all(axis=None)
    assert (found.thresholds["worst"] >= found.thresholds["pooled"] - 1e-12).all()
    best = found.table[found.table["role"] == "validation"].groupby("detector")["pr_auc"].median().idxmax()
    assert found.winner == best
    assert set(found.kinds["fault"]) == {"spike", "unit"}


def test_unusable_recordings_are_left_out_with_a_finding(wells):
    spec = ExperimentSpec.model_validate(yaml.safe_load(LOGS))
    short = make_well("short", samples=50)
    prepared = steps.prepare(spec, [*wells, short, make_line()])
    assert sorted(finding.found for finding in prepared.findings) == ["50 observed samples", "a seismic file"]
    names = list(itertools.chain(*prepared.split.names().values()))
    assert "short" not in names
    assert len(names) == 6


def test_short_lines_are_left_out_and_nothing_at_all_is_an_error(seismic_bundle):
    prepared = steps.prepare(seismic_bundle.spec, [make_line(traces=120), make_line("short", traces=6)])
    left_out, gather = prepared.findings
    assert (left_out.where, left_out.found) == ("short.sgy", "6 traces")
    assert (gather.where, gather.found[:7]) == ("L-1.sgy", "stacked")
    with pytest.raises(SpecError, match="6 traces"):
        steps.prepare(seismic_bundle.spec, [make_line("short", traces=6)])


def test_curves_that_no_training_well_has_are_taken_out_of_the_experiment():
    spec = ExperimentSpec.model_validate(yaml.safe_load(LOGS))
    wells = [make_well(f"W-{n}", seed=n, curves=("GR", "DTC")) for n in range(5)]
    flat = [w.with_values(np.stack([w.values[0], np.full_like(w.values[1], 80)])) for w in wells]
    adapted, findings = steps.adapt(spec, flat)
    assert adapted.curves == ("GR",)
    assert [f.where for f in findings] == ["curve RHOB", "curve NPHI", "curve DTC", "curve RDEP"]
    assert steps.prepare(adapted, flat).train[0].values.shape[0] == 1
    assert steps.adapt(adapted, flat) == (adapted, ())


def test_an_experiment_without_any_curve_is_refused():
    spec = ExperimentSpec.model_validate(yaml.safe_load(LOGS) | {"curves": ["GR"]})
    flat = [make_well(f"W-{n}", curves=("GR",)) for n in range(4)]
    with pytest.raises(SpecError, match="none of GR"):
        steps.adapt(spec, [w.with_values(np.full_like(w.values, 70)) for w in flat])


def test_test_wells_never_reach_the_normaliser(wells):
    spec = ExperimentSpec.model_validate(yaml.safe_load(LOGS))
    prepared = steps.prepare(spec, wells)
    held = {r.name for r in prepared.split.test + prepared.split.validation}
    loud = [w.with_values(w.values * np.float32(3)) if w.name in held else w for w in wells]
    np.testing.assert_array_equal(steps.prepare(spec, loud).normaliser.bounds, prepared.normaliser.bounds)


def test_wells_of_another_depth_step_are_brought_to_the_usual_one(wells):
    spec = ExperimentSpec.model_validate(yaml.safe_load(LOGS))
    coarse = resample(wells[2], 0.25)
    prepared = steps.prepare(spec, [*wells[:2], coarse, *wells[3:]])
    recordings = [r for role in ("train", "validation", "test") for r in getattr(prepared.split, role)]
    assert {round(median_step(recording.axis), 4) for recording in recordings} == {0.1524}
    [finding] = prepared.findings
    assert (finding.code, finding.where) == ("resampled", f"1 well: {coarse.name}")
    assert steps.prepare(spec, wells).findings == ()


def test_the_order_of_the_files_does_not_matter(wells):
    spec = ExperimentSpec.model_validate(yaml.safe_load(LOGS))
    assert steps.prepare(spec, wells[::-1]).split.names() == steps.prepare(spec, wells).split.names()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"default": "nobody"}, "not listed"),
        ({"curves": ["GR", "XYZ"]}, "not canonical"),
        ({"curves": []}, "needs curves"),
        ({"colour": "red"}, "extra"),
    ],
)
def test_inconsistent_specs_are_refused(change, message):
    with pytest.raises(ValueError, match=re.compile(message, re.IGNORECASE)):
        ExperimentSpec.model_validate(yaml.safe_load(LOGS) | change)


def test_shipped_specs_are_valid():
    specs = {path.stem: path for path in (ROOT / "flows" / "specs").glob("*.yaml")}
    assert {"logs", "seismic", "demo-logs", "demo-seismic"} <= set(specs)
    for path in specs.values():
        ExperimentSpec.model_validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("kind", ["logs", "seismic"])
def test_the_reference_travels_in_the_bundle(bundle, seismic_bundle, tmp_path, kind):
    ours = bundle if kind == "logs" else seismic_bundle
    ours.save(tmp_path / "b")
    loaded, view = Bundle.load(tmp_path / "b"), ReferenceView.load(tmp_path / "b")
    assert view.content_hash == loaded.content_hash == ours.content_hash
    for reference in (loaded.reference, view.reference):
        assert reference.groups == ours.reference.groups
        for name, feature in ours.reference.features.items():
            np.testing.assert_array_equal(reference.features[name].counts, feature.counts)


def test_the_reference_knows_training_and_validation_alone(trained):
    bundle, prepared, _ = trained
    names = prepared.split.names()
    groups = dict(zip(bundle.reference.groups, bundle.reference.unseen, strict=True))
    assert groups == dict.fromkeys(names["train"], False) | dict.fromkeys(names["validation"], True)
    assert bundle.reference.inputs == bundle.curves
    scores = np.concatenate([bundle.score(recording).score for recording in prepared.split.validation])
    assert bundle.reference.pooled("score").mean == pytest.approx(np.nanmean(scores), rel=1e-4)
    assert bundle.reference.rows.sum() == sum(r.axis.size for r in prepared.split.train + prepared.split.validation)


def test_a_bundle_older_than_monitoring_scores_as_before(seismic_bundle, tmp_path):
    dataclasses.replace(seismic_bundle, reference=None).save(tmp_path / "old")
    assert not (tmp_path / "old" / "reference.npz").exists()
    old = Bundle.load(tmp_path / "old")
    assert old.reference is None
    assert ReferenceView.load(tmp_path / "old").reference is None
    line = make_line(traces=12, seed=5)
    assert old.score(line).features == {}
    np.testing.assert_allclose(old.score(line).score, seismic_bundle.score(line).score, rtol=1e-6)
    assert {len(values) for values in seismic_bundle.score(line).features.values()} == {12}


def test_an_altered_reference_is_refused(bundle, tmp_path):
    bundle.save(tmp_path / "b")
    path = tmp_path / "b" / "reference.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    for reader in (Bundle, ReferenceView):
        with pytest.raises(BundleError, match="altered"):
            reader.load(tmp_path / "b")
