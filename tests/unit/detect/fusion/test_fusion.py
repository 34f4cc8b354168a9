"""p-values, hysteresis, combination and classification with known answers; and a fusion of detectors end to end."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aemodels.core.errors import SpecError
from aemodels.core.types import Section
from aemodels.detect import CrossCurve, Fusion, Knn, Rules
from aemodels.detect.base import DetectContext, FaultScores, row_scores
from aemodels.detect.fusion.calibration_set import LabelledSection
from aemodels.detect.fusion.combine import Combination, fit_combination
from aemodels.detect.fusion.hysteresis import apply_hysteresis, apply_min_length
from aemodels.detect.fusion.p_values import PValueScale, fit_p_values
from aemodels.detect.interval_reasons import label_rows
from aemodels.faults import LogSpike, Stuck, Unit, inject
from aemodels.signal.normalise import CurvePercentiles
from aemodels.signal.runs import runs
from helpers.recordings import make_well

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
WELLS = [make_well(f"W-{n}", seed=n) for n in range(6)]
NORMALISER = CurvePercentiles().fit(WELLS[:3], CURVES)
TRAIN = [NORMALISER.apply(well) for well in WELLS[:3]]
SPECS = {"rules": Rules(), "cross": CrossCurve(), "knn": Knn(rows=500)}
CONTEXT = DetectContext(
    "logs",
    0,
    {},
    recordings=tuple(WELLS[:3]),
    validation=tuple(NORMALISER.apply(well) for well in WELLS[3:5]),
    calibration=tuple(WELLS[3:5]),
    normaliser=NORMALISER,
    faults=(Stuck(), LogSpike(), Unit()),
    specs=SPECS,
)
SCORES = arrays(np.float32, st.integers(1, 60), elements=st.floats(0, 10, width=32))


def test_neg_log10_p_is_the_logarithm_of_the_share_above():
    scale = fit_p_values([np.linspace(0, 1, 100_001, dtype=np.float32)])
    np.testing.assert_allclose(scale.transform(np.float32([0.0, 0.9, 0.99])), [0.0, 1.0, 2.0], atol=0.02)


def test_the_tail_continues_beyond_the_highest_score():
    scores = np.random.default_rng(0).exponential(size=50_000).astype(np.float32)
    scale = fit_p_values([scores])
    # of an exponential law, -log10 p is the score over ln 10, however far out
    np.testing.assert_allclose(scale.transform(np.float32([5.0, 20.0])), np.array([5.0, 20.0]) / np.log(10), rtol=0.15)
    assert np.isnan(scale.transform(np.float32([np.nan]))).all()


def test_equal_scores_share_their_p_value():
    scale = fit_p_values([np.repeat(np.float32([0, 1]), [900, 100])])
    np.testing.assert_allclose(scale.transform(np.float32([0.0, 1.0])), [0.0, 1.0], atol=0.05)


def test_a_p_value_scale_survives_storing():
    scale = fit_p_values([np.random.default_rng(1).random(5000).astype(np.float32)])
    probe = np.linspace(-1, 3, 50, dtype=np.float32)
    np.testing.assert_array_equal(PValueScale.from_array(scale.to_array()).transform(probe), scale.transform(probe))


def test_nothing_to_calibrate_on_is_refused():
    with pytest.raises(SpecError, match="clean"):
        fit_p_values([np.full(5, np.nan, dtype=np.float32)])


@settings(max_examples=60, deadline=None)
@given(SCORES, st.floats(0.3, 0.95))
def test_hysteresis_raises_scores_no_further_than_their_peak(scores: np.ndarray, exit_ratio: float):
    out = apply_hysteresis(scores, exit_ratio)
    assert (out >= scores - 1e-6).all()
    assert out.max() <= scores.max() * (1 + 1e-6)


def test_an_interval_is_entered_high_and_left_low():
    scores = np.float32([0, 0.7, 1.0, 0.6, 0.45, 0.7, 0.2, 0.7, 0])
    flagged = apply_hysteresis(scores, 0.5) > 0.95
    # 0.45 ends the interval of 1.0; 0.7 on the other side is never entered
    assert flagged.tolist() == [False, True, True, True, False, False, False, False, False]
    np.testing.assert_array_equal(apply_hysteresis(scores, 1.0), scores)


@settings(max_examples=60, deadline=None)
@given(SCORES, st.integers(1, 7), st.floats(0.1, 9))
def test_no_threshold_flags_fewer_than_the_minimum_of_samples(scores: np.ndarray, min_samples: int, threshold: float):
    flagged = apply_min_length(scores, min_samples) > threshold
    inner = [stop - start for start, stop in runs(flagged) if start > 0 and stop < scores.size]
    assert scores.size < min_samples or all(length >= min_samples for length in inner)


def test_an_interval_has_one_name_and_a_trace_its_own():
    score = np.log(np.float32([[0.9, 0.2, 0.9, 0.9, 0.4], [0.1, 0.8, 0.1, 0.1, 0.3], [1e-9, 1e-9, 1e-9, 1e-9, 0.3]]))
    fault_scores = FaultScores(("stuck", "unit", "spike"), score)
    anomalous = np.array([True, True, True, False, True])
    assert label_rows(fault_scores, anomalous, "logs") == ["stuck", "stuck", "stuck", "", "unknown"]
    assert label_rows(fault_scores, anomalous, "seismic") == ["stuck", "unit", "stuck", "", "unknown"]


def test_without_scores_the_kind_is_unknown():
    fault_scores = FaultScores(("stuck",), np.full((1, 2), np.nan, dtype=np.float32))
    assert label_rows(fault_scores, np.array([True, False]), "logs") == ["unknown", ""]


def test_sum_and_smallest_p_value():
    p_values = np.float32([[[1, 2]], [[3, 0]]])
    np.testing.assert_array_equal(Combination("sum").combine(p_values), [[4, 2]])
    np.testing.assert_array_equal(Combination("max").combine(p_values), [[3, 2]])


def test_odds_of_kinds_are_added():
    p_values = np.float32([[[1, 0]], [[0, 3]]])
    weights = np.array([[2.0, 0.0, 0.0, 0.0, -1.0], [0.0, 1.0, 0.0, 0.0, -2.0]])
    expected = np.log1p(np.exp([1.0, -1.0]) + np.exp([-2.0, 1.0]))
    np.testing.assert_allclose(Combination("learned", weights).combine(p_values), expected[None], rtol=1e-6)


def test_weights_of_bundles_with_one_row_for_all_kinds():
    combination = Combination.restore({"way": np.array([2]), "weights": np.array([1.0, 0.0, -1.0])})
    np.testing.assert_allclose(combination.combine(np.ones((1, 5, 3), dtype=np.float32)), np.log(2), rtol=1e-6)


def test_every_kind_is_learnt_from_the_component_that_detects_it():
    rng = np.random.default_rng(0)
    samples, long, short = 20_000, slice(1000, 5000), slice(9000, 9040)
    p_values = rng.exponential(1 / np.log(10), (2, 1, samples)).astype(np.float32)
    p_values[0, 0, long] += 3
    p_values[1, 0, short] += 3
    kinds = np.full(samples, -1)
    kinds[long], kinds[short] = 0, 1
    section = Section("W", np.zeros((1, samples), np.float32), np.ones((1, samples), bool), np.ones(1, np.float32))
    known = LabelledSection(section, (kinds >= 0)[None], kinds, np.ones((1, samples), bool))
    combination = fit_combination("learned", [[p_values]], [[known]], kind="logs")
    assert combination.weights.shape == (2, 5)
    assert (combination.weights[:, :-1] >= 0).all()
    scores = combination.combine(p_values)[0]
    limit = np.quantile(scores[kinds < 0], 0.99)
    assert (scores[long] > limit).mean() > 0.8
    assert (scores[short] > limit).mean() > 0.8  # one in a hundred of the faulty samples, found as well


def test_a_component_that_is_lower_in_faults_gets_no_negative_weight():
    rng = np.random.default_rng(0)
    samples, fault = 20_000, slice(1000, 5000)
    p_values = rng.exponential(1 / np.log(10), (2, 1, samples)).astype(np.float32)
    p_values[0, 0, fault] += 2
    p_values[1, 0, fault] = 0  # the second detector finds the faulty samples more ordinary than the others
    kinds = np.full(samples, -1)
    kinds[fault] = 0
    section = Section("W", np.zeros((1, samples), np.float32), np.ones((1, samples), bool), np.ones(1, np.float32))
    known = LabelledSection(section, (kinds >= 0)[None], kinds, np.ones((1, samples), bool))
    weights = fit_combination("learned", [[p_values]], [[known]], kind="logs").weights
    assert (weights[:, :-1] >= 0).all()
    assert weights[0, [0, 2]].sum() > 0.5  # the columns of the first component
    assert weights[0, [1, 3]].sum() == pytest.approx(0.0, abs=1e-9)


def test_what_a_withheld_rule_finds_in_every_case_is_learnt_from_the_others_too():
    rng = np.random.default_rng(0)
    samples, fault = 20_000, slice(1000, 3000)
    p_values = rng.exponential(1 / np.log(10), (2, 1, samples)).astype(np.float32)
    p_values[0, 0, fault] = 8  # a rule that finds every fault of the family
    p_values[1, 0, fault] += 2
    kinds = np.full(samples, -1)
    kinds[fault] = 0
    section = Section("W", np.zeros((1, samples), np.float32), np.ones((1, samples), bool), np.ones(1, np.float32))
    known = LabelledSection(section, (kinds >= 0)[None], kinds, np.ones((1, samples), bool))
    other_family = p_values.copy()
    other_family[0, 0, fault] = 0.3  # which the rule does not know
    found = {}
    for withheld in ((), (0,)):
        combination = fit_combination("learned", [[p_values]], [[known]], kind="logs", withheld=withheld)
        scores = combination.combine(other_family)[0]
        found[withheld] = (scores[fault] > np.quantile(combination.combine(p_values)[0][kinds < 0], 0.99)).mean()
    assert found[(0,)] > found[()] + 0.15
    assert found[(0,)] > 0.55


def test_a_trusted_component_needs_no_weight_and_survives_storing():
    p_values = np.float32([[[2, 6, 2]], [[2, 2, 6]]])
    never = np.array([[0.0, 0.0, 0.0, 0.0, -20.0]])
    combination = Combination("learned", never, np.array([1]), even_odds_decades=3.0)
    expected = np.log1p(10.0 ** np.array([-1, -1, 3]))
    for one in (combination, Combination.restore(combination.arrays())):
        np.testing.assert_allclose(one.combine(p_values)[0], expected, rtol=1e-5)


def test_a_trusted_member_finds_a_kind_that_no_member_was_trained_on():
    context = dataclasses.replace(CONTEXT, faults=(LogSpike(),))
    injection = inject(WELLS[5], (Stuck(),), fraction=0.1, rng=np.random.default_rng(4))
    label, found = injection.label.any(axis=0), {}
    for trusted in ((), ("rules",)):
        spec = Fusion(members=("rules", "cross"), trusted_members=trusted)
        fusion = spec.fit(TRAIN, context)
        rows = row_scores(fusion.score(NORMALISER.apply(injection.recording)), "logs")
        found[trusted] = (rows[label] > 2.0).mean()
        assert (rows[~label] > 2.0).mean() < 0.05
    assert found["rules",] > 0.9
    assert found["rules",] > found[()] + 0.3


@pytest.mark.parametrize("name", ["trusted_members", "withheld_members"])
def test_only_members_are_trusted_or_withheld(name):
    with pytest.raises(ValueError, match=rf"{name} names .*knn"):
        Fusion.model_validate({"members": ("rules",), name: ("knn",)})


@pytest.mark.parametrize("combine", ["sum", "max", "best"])
def test_a_fusion_finds_what_its_members_find_and_classifies_it(combine):
    fusion = Fusion(members=("rules", "cross"), combine=combine, copies=3).fit(TRAIN, CONTEXT)
    injection = inject(WELLS[5], CONTEXT.faults, fraction=0.2, rng=np.random.default_rng(4))
    section = NORMALISER.apply(injection.recording)
    rows = row_scores(fusion.score(section), "logs")
    label = injection.label.any(axis=0)
    assert (rows[label] > 2.0).mean() > 0.6
    assert (rows[~label] > 2.0).mean() < 0.05
    fault_scores = fusion.fault_scores(section)
    for event in injection.events:
        mean = fault_scores.score[:, event.start : event.stop].mean(axis=1)
        if event.stop - event.start > 20:
            assert fault_scores.kinds[int(mean.argmax())] == event.kind


@pytest.mark.parametrize("members", [("knn",), ("cross",), ("knn", "cross")])
def test_members_without_fault_kinds_are_accepted(members):
    spec = Fusion(members=members, copies=2)
    fusion = spec.fit(TRAIN, CONTEXT)
    for fitted in (fusion, spec.restore(fusion.arrays(), CONTEXT)):
        fault_scores = fitted.fault_scores(TRAIN[0])
        assert fault_scores.score.shape == (len(fault_scores.kinds), TRAIN[0].values.shape[1])
        assert set(label_rows(fault_scores, np.ones(TRAIN[0].values.shape[1], dtype=bool), "logs")) == {"unknown"}


def test_members_that_are_fitted_are_not_fitted_again():
    rules = SPECS["rules"].fit(TRAIN, CONTEXT)
    context = dataclasses.replace(CONTEXT, fitted={"rules": rules})
    assert Fusion(members=("rules", "cross")).fit(TRAIN, context).members["rules"] is rules


def _calibration_rows(fusion):
    """Row scores of all wells that the fusion was calibrated on, each by what was fitted without it."""
    pairs = [(fusion, section) for section in CONTEXT.validation] + list(zip(fusion.out_of_fold, TRAIN, strict=True))
    return np.concatenate([row_scores(one.score(section), "logs") for one, section in pairs])


def test_a_score_of_two_is_reached_by_one_clean_row_in_a_hundred():
    fusion = Fusion(members=("rules", "knn"), combine="sum", exit_ratio=1.0).fit(TRAIN, CONTEXT)
    rows = _calibration_rows(fusion)
    assert 0.005 < (rows > 2.0).mean() < 0.015


def test_an_unknown_member_is_refused():
    with pytest.raises(SpecError, match="ghost"):
        Fusion(members=("ghost",)).fit(TRAIN, CONTEXT)


def test_a_separate_member_has_its_share_of_the_false_alarms_and_no_part_in_the_combination():
    spec = Fusion(
        members=("rules", "knn"), separate_members=("knn",), separate_share=0.25, combine="max", exit_ratio=1.0
    )
    fusion = spec.fit(TRAIN, CONTEXT)
    rows = _calibration_rows(fusion)
    assert 0.005 < (rows > 2.0).mean() < 0.015
    nothing = np.full((5, 100), -1.0, dtype=np.float32)  # below any score: a p-value of one
    components = dict.fromkeys(fusion.scales, nothing)
    np.testing.assert_array_equal(fusion.combined(components), 0)
    found = fusion.combined({**components, "knn": np.full((5, 100), 1e6, dtype=np.float32)})
    np.testing.assert_allclose(found, 30.0 + np.log10(0.25), atol=0.01)


def test_a_fusion_with_a_separate_member_survives_the_disk():
    spec = Fusion(members=("rules", "knn"), separate_members=("knn",), copies=1)
    fusion = spec.fit(TRAIN, CONTEXT)
    loaded = spec.restore(fusion.arrays(), CONTEXT)
    np.testing.assert_array_equal(loaded.score(TRAIN[0]), fusion.score(TRAIN[0]))


def test_a_fusion_of_separate_members_alone_is_refused():
    with pytest.raises(ValueError, match="leave at least one"):
        Fusion(members=("knn",), separate_members=("knn",))
