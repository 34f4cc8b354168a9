"""A bundle whose detector is a fusion: it can be saved, and gives a reason for every anomalous row."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from aemodels.bundle.bundle import Bundle
from aemodels.evaluate.detection.compare import compare_detectors
from aemodels.experiment.spec import ExperimentSpec
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
