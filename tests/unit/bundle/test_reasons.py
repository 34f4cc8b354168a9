"""A bundle whose detector is a fusion: it can be saved, and gives a reason for every anomalous row."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from aemodels.bundle import bundle as bundle_module
from aemodels.bundle.bundle import Bundle
from aemodels.core.types import Channel
from aemodels.detect.cross_curve.residual import CrossCurveDetector
from aemodels.detect.rules.rules import RulesDetector
from aemodels.evaluate.detection.compare import compare_detectors
from aemodels.experiment.spec import ExperimentSpec
from aemodels.monitoring.familiarity import fit_familiarity
from aemodels.report.flagged_intervals import flagged_intervals
from aemodels.study import steps
from helpers.recordings import make_well

SPEC = """
name: tiny-fusion
kind: logs
curves: [GR, RHOB, NPHI, DTC, RDEP]
minimum_samples: 200
default: gaussian_filter
contenders: [{name: gaussian_filter, model: {kind: gaussian_filter}}]
test_conditions: [{name: noise 0.1, noise: [{kind: gaussian, factor: 0.1}]}]
anomalies:
  fraction: 0.2
  faults: [{kind: spike}, {kind: unit}, {kind: stuck}]
  detectors:
    - {name: rules, model: {kind: rules}}
    - {name: cross, model: {kind: cross_curve}}
    - {name: fusion, model: {kind: fusion, members: [rules, cross], copies: 2}}
  thresholds: [{kind: quantile}]
  threshold: quantile
"""


@pytest.fixture(scope="module")
def bundle(wells):
    spec = ExperimentSpec.model_validate(yaml.safe_load(SPEC))
    prepared = steps.prepare(spec, wells)
    fitted = {c.name: steps.fit_contender(spec, c.name, prepared) for c in spec.contenders}
    found = compare_detectors(spec, prepared, {name: f.denoiser for name, f in fitted.items()})
    assert set(found.detectors) == {"rules", "cross", "fusion"}
    chosen = found.thresholds.query("detector == 'fusion'")["value"].iloc[0]
    study_of_fusion = type(found)(**{**vars(found), "winner": "fusion", "threshold": float(chosen)})
    return steps.assemble(spec, prepared, fitted, study_of_fusion)


@pytest.fixture(scope="module")
def faulty():
    well = make_well("new", seed=77)
    values = well.values.copy()
    values[0, 200:240] = values[0, 200]
    values[2, 500:620] *= 100.0
    values[3, 800:900] /= 0.3048
    values[1, 1000] += 0.5
    return well.with_values(values)


def test_every_planted_fault_is_named_on_its_curve(bundle, faulty):
    scores = bundle.score(faulty)
    for rows, name, curve in (
        (slice(205, 235), "stuck", "GR"),
        (slice(510, 610), "unit", "NPHI"),
        (slice(815, 885), "unit", "DTC"),
        (slice(1000, 1001), "spike", "RHOB"),
    ):
        assert scores.is_anomaly[rows].all(), name
        assert set(scores.reason[rows]) == {name}
        assert scores.channel_flag[scores.channels.index(curve), rows].all()
    assert {reason == "" for reason, bad in zip(scores.reason, scores.is_anomaly, strict=True) if not bad} == {True}


def test_intervals_carry_reason_curve_and_score(bundle, faulty):
    scores = bundle.score(faulty)
    intervals = flagged_intervals(faulty.axis, scores)
    stuck = next(item for item in intervals if item.top <= faulty.axis[220] <= item.base)
    assert stuck.reason == "stuck"
    assert stuck.curves[0] == "GR"
    assert stuck.max_score > scores.threshold


def test_every_part_of_a_score_is_worked_out_once(bundle, faulty, monkeypatch):
    counts: dict[str, int] = {}

    def count(owner, name):
        original = getattr(owner, name)

        def counted(*arguments, **more):
            counts[name] = counts.get(name, 0) + 1
            return original(*arguments, **more)

        monkeypatch.setattr(owner, name, counted)

    count(RulesDetector, "_rule_scores")
    count(CrossCurveDetector, "residual")
    count(type(bundle.detector), "combined")
    count(bundle_module, "denoise_usual_apart")
    count(bundle_module, "assess")
    assert bundle.score(faulty).is_anomaly.any()  # reasons are given
    assert counts == {"_rule_scores": 1, "residual": 1, "combined": 1, "denoise_usual_apart": 1, "assess": 1}


def test_a_saved_fusion_gives_the_same_scores_and_reasons(bundle, faulty, tmp_path):
    bundle.save(tmp_path / "b")
    first, second = bundle.score(faulty), Bundle.load(tmp_path / "b").score(faulty)
    np.testing.assert_allclose(first.score, second.score, rtol=1e-6)
    assert first.reason == second.reason


def test_members_have_to_be_listed_before():
    data = yaml.safe_load(SPEC)
    data["anomalies"]["detectors"][2]["model"]["members"] = ["rules", "ghost"]
    with pytest.raises(ValidationError, match="ghost"):
        ExperimentSpec.model_validate(data)


def test_every_anomalous_row_is_suspect_and_more_are(bundle, faulty):
    scores = bundle.score(faulty)
    assert bundle.suspect_threshold <= bundle.threshold
    assert scores.is_suspect[scores.is_anomaly].all()
    assert scores.is_suspect.sum() >= scores.is_anomaly.sum()


def test_depths_with_a_single_curve_are_judged_by_what_it_shows(bundle):
    well = make_well("new", seed=77)
    values = well.values.copy()
    values[1:, 300:700] = np.nan
    values[:, 800:850] = np.nan
    values[0, 400:460] = values[0, 400]
    values[0, 600] += 100
    scores = bundle.score(well.with_values(values))
    np.testing.assert_array_equal(np.flatnonzero(~scores.is_judged), np.arange(800, 850))
    assert set(scores.reason[400:460]) == {"stuck"}
    assert scores.is_anomaly[600]


def test_noise_is_named_where_it_is_far_above_that_of_the_training_wells(bundle):
    well = make_well("new", seed=77, samples=3000)
    values = well.values.copy()
    values[0, 800:2200] += np.random.default_rng(0).normal(0, 40.0, 1400)
    scores = bundle.score(well.with_values(values))
    flagged = scores.is_anomaly[1000:2000]
    assert flagged.any()
    assert set(np.array(scores.reason)[1000:2000][flagged]) <= {"noise", "range", "stuck"}


@pytest.fixture(scope="module")
def knowing(bundle):
    """The bundle with descriptions of more training wells."""
    wells = [make_well(f"T-{seed}", seed=seed, samples=3000) for seed in range(100, 112)]
    return dataclasses.replace(bundle, familiarity=fit_familiarity([bundle.normaliser.apply(well) for well in wells]))


def _mirrored(well, rows):
    """Slow where all others are fast, and light where they are heavy."""
    values = well.values.copy()
    values[3, rows], values[1, rows] = 200.0 - values[3, rows], 4.7 - values[1, rows]
    return well.with_values(values)


def test_a_well_that_no_training_well_is_like_is_told_and_not_judged_if_much_of_it_is_flagged(knowing):
    well = make_well("strange", seed=5, samples=3000)
    strange = knowing.score(_mirrored(well, slice(None)))
    assert [finding.code for finding in strange.findings] == ["not-judged"]
    assert not strange.is_judged.any()
    lenient = dataclasses.replace(knowing, threshold=1e6)
    unfamiliar = lenient.score(_mirrored(well, slice(None)))
    assert [finding.code for finding in unfamiliar.findings] == ["unfamiliar"]
    assert unfamiliar.is_judged.all()
    assert not knowing.score(well).findings


def test_a_familiar_well_with_many_faults_is_judged(knowing, faulty):
    well = make_well("faulty", seed=5, samples=3000)
    values = well.values.copy()
    values[2, 500:900] *= 100.0
    scores = knowing.score(well.with_values(values))
    assert scores.is_judged.all()
    assert scores.is_anomaly[520:880].all()


def test_a_loaded_bundle_keeps_what_it_knows_of_its_wells(knowing, tmp_path):
    knowing.save(tmp_path / "b")
    loaded, well = Bundle.load(tmp_path / "b"), _mirrored(make_well("strange", seed=5, samples=3000), slice(None))
    assert loaded.familiarity.limit == knowing.familiarity.limit
    assert loaded.score(well).findings == knowing.score(well).findings


def test_a_loaded_bundle_keeps_its_levels(bundle, faulty, tmp_path):
    bundle.save(tmp_path / "b")
    loaded = Bundle.load(tmp_path / "b")
    assert loaded.suspect_threshold == bundle.suspect_threshold
    np.testing.assert_array_equal(loaded.usual_noise, bundle.usual_noise)
    assert loaded.score(faulty).reason == bundle.score(faulty).reason


def test_bad_hole_by_the_caliper_is_a_hint_on_the_curves_that_need_the_wall(bundle):
    well = make_well("caved", seed=77)
    caliper = np.full((1, well.axis.size), 8.5, dtype=np.float32)
    caliper[0, 400:460] = 14.0
    caved = type(well)(
        values=np.concatenate([well.values, caliper]),
        axis=well.axis.copy(),
        channels=(*well.channels, Channel("CALI")),
        kind="logs",
        source=well.source,
        name=well.name,
    )
    scores, without = bundle.score(caved), bundle.score(well)
    assert scores.is_suspect[402:458].all()
    assert (scores.channel_score[1, 402:458] > bundle.suspect_threshold).all()
    np.testing.assert_array_equal(scores.channel_score[0], without.channel_score[0])
    np.testing.assert_array_equal(scores.is_anomaly, without.is_anomaly)
