"""Input features of fault networks with known values, and training sets with every kind counted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.core.types import Channel
from aemodels.detect import OpenSetNetwork
from aemodels.detect.base import DetectContext
from aemodels.detect.cross_curve.linear_predictor import fit_predictors
from aemodels.detect.depth_shift.well_features import WellFeatures
from aemodels.detect.fault_network import training_set as training_set_module
from aemodels.detect.fault_network.features import FEATURES_PER_CURVE, flat_lengths, input_features
from aemodels.detect.fault_network.generic_faults import MODES, GenericFault
from aemodels.detect.fault_network.network import members_without
from aemodels.detect.fault_network.training_set import LABEL_MISSING, TrainingSetSpec, build_training_set
from aemodels.faults import CycleSkip, DepthShift, LogSpike, Stuck, Unit, Washout
from aemodels.faults.base import Site, kind_of
from aemodels.review.curves import with_reviewed_depths
from aemodels.review.labels import Label, WellLabels
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_section, make_well

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
WELLS = [make_well(f"W-{n}", seed=n, samples=2500) for n in range(3)]
NORMALISER = CurvePercentiles().fit(WELLS, CURVES)
SECTIONS = [NORMALISER.apply(well) for well in WELLS]
CONTEXT = DetectContext("logs", 0, {}, recordings=tuple(WELLS), normaliser=NORMALISER)
SIX = (Washout(), CycleSkip(), Stuck(), LogSpike(), DepthShift(), Unit(), GenericFault())


def test_every_kind_is_in_the_training_set_and_counted():
    _, out_of_fold = fit_predictors(SECTIONS)
    training_set = build_training_set(CONTEXT, out_of_fold, TrainingSetSpec(SIX, (0.2, 0.3), (1,)), [4] * 3)
    assert set(training_set.counts) == {*(fault.kind for fault in SIX)}
    assert min(training_set.counts.values()) >= 8
    labels = np.concatenate(training_set.labels)
    for number, (kind, count) in enumerate(training_set.counts.items()):
        block = labels[:, 5 * number : 5 * number + 5] == 1
        assert block.any(axis=1).sum() == count, kind
    cycle_skip = labels[:, 5:10] == 1
    assert set(np.flatnonzero(cycle_skip.any(axis=0))) == {CURVES.index("DTC")}
    np.testing.assert_array_equal(labels[:, -1] == 1, (labels[:, :-1] == 1).any(axis=1))
    assert training_set.inputs[0].shape == (2500, FEATURES_PER_CURVE * len(CURVES))


def test_a_kind_without_room_is_named():
    _, out_of_fold = fit_predictors(SECTIONS)
    training_spec = TrainingSetSpec((LogSpike(), CycleSkip(curves=("DTS",))), (0.1, 0.2), (1,))
    with pytest.raises(SpecError, match="cycle_skip"):
        build_training_set(CONTEXT, out_of_fold, training_spec, [2] * 3)


def test_a_process_per_core_makes_the_same_copies(monkeypatch):
    _, out_of_fold = fit_predictors(SECTIONS)
    spec = TrainingSetSpec(SIX[:4], (0.1, 0.2), (3,))
    alone = build_training_set(CONTEXT, out_of_fold, spec, [2, 1, 0])
    monkeypatch.setattr(training_set_module, "_MIN_PARALLEL_SAMPLES", 0)
    side_by_side = build_training_set(CONTEXT, out_of_fold, spec, [2, 1, 0])
    assert alone.counts == side_by_side.counts
    assert len(alone.inputs) == 3
    for first, second in zip((*alone.inputs, *alone.labels), (*side_by_side.inputs, *side_by_side.labels), strict=True):
        np.testing.assert_array_equal(first, second)


def test_training_sets_of_one_seed_are_equal():
    _, out_of_fold = fit_predictors(SECTIONS)
    first, second, other = (
        build_training_set(CONTEXT, out_of_fold, TrainingSetSpec(SIX[:4], (0.1, 0.2), (seed,)), [1] * 3)
        for seed in (1, 1, 2)
    )
    for one, same in zip(first.inputs, second.inputs, strict=True):
        np.testing.assert_array_equal(one, same)
    assert any(not np.array_equal(a, b) for a, b in zip(first.labels, other.labels, strict=True))


def test_flat_lengths_count_the_run():
    section = make_section(np.array([[1, 2, 2, 2, 3, 3]]), np.array([[1, 1, 1, 1, 1, 0]], dtype=bool))
    np.testing.assert_array_equal(flat_lengths(section), [[1, 3, 3, 3, 1, 1]])


def test_features_of_an_unobserved_curve_are_zero():
    section = SECTIONS[0]
    mask = section.mask.copy()
    mask[2] = False
    predictor, _ = fit_predictors(SECTIONS)
    table = input_features(WellFeatures(make_section(section.values, mask)), predictor).reshape(
        -1, FEATURES_PER_CURVE, len(CURVES)
    )
    assert not table[:, :, 2].any()
    assert np.isfinite(table).all()
    assert np.abs(table).max() < 25


def test_undistinguished_kinds_share_one_output():
    _, out_of_fold = fit_predictors(SECTIONS)
    training_set = build_training_set(
        CONTEXT,
        out_of_fold,
        TrainingSetSpec((LogSpike(), Stuck(), GenericFault()), (0.1, 0.2), (1,), distinguish_kinds=False),
        [2] * 3,
    )
    assert list(training_set.counts) == ["unknown"]
    labels = np.concatenate(training_set.labels)
    assert labels.shape[1] == len(CURVES) + 1
    assert (labels == 1).any(axis=0).all()


def test_a_well_without_caliper_is_no_example_of_good_hole():
    caliper = np.full((1, 2500), 8.5, dtype=np.float32)
    known = dataclasses.replace(
        WELLS[0], values=np.concatenate([WELLS[0].values, caliper]), channels=(*WELLS[0].channels, Channel("CALI"))
    )
    context = dataclasses.replace(CONTEXT, recordings=(known, *WELLS[1:]))
    _, out_of_fold = fit_predictors(SECTIONS)
    spec = TrainingSetSpec((Washout(), LogSpike()), (0.1, 0.2), (1,))
    training_set = build_training_set(context, out_of_fold, spec, [1] * 3)
    with_caliper, without = training_set.labels[0], training_set.labels[1]
    washout, spike = slice(0, 5), slice(5, 10)
    assert {0, 1} <= set(np.unique(with_caliper[:, washout]))
    assert set(np.unique(without[:, washout])) == {LABEL_MISSING}
    assert set(np.unique(without[:, -1])) == {LABEL_MISSING}
    assert {0, 1} <= set(np.unique(without[:, spike]))


def test_wells_are_dealt_out_one_by_one_and_other_basins_as_a_whole():
    basins = ["", "", "", "kansas", "alberta", "kansas", "kansas", "paraná"]
    found = members_without(basins, 3)
    assert found[:3] == [0, 1, 2]
    by_basin = {basin: {m for b, m in zip(basins, found, strict=True) if b == basin} for basin in set(basins) - {""}}
    assert all(len(members) == 1 for members in by_basin.values())
    assert len(set.union(*by_basin.values())) == 3


def test_an_open_set_network_is_not_trained_on_the_left_out_kind():
    spec = OpenSetNetwork(faults=(LogSpike(), Stuck()))
    kinds = {
        kind_of(fault)
        for fault in spec._training_set_spec(dataclasses.replace(CONTEXT, left_out_kind="spike"), 0).faults
    }
    assert kinds == {"stuck", "unknown"}
    assert kinds | {"spike"} == {kind_of(fault) for fault in spec._training_set_spec(CONTEXT, 0).faults}


@pytest.mark.parametrize("joint", [0.0, 0.3, 0.8, 1.0])
def test_the_share_of_alterations_of_several_curves_is_the_given_one(joint: float):
    targets = GenericFault(joint=joint).targets(WELLS[0])
    assert np.mean([len(target.rows) > 1 for target in targets]) == pytest.approx(joint, abs=0.02)


def test_every_alteration_alters_its_interval_alone():
    curve = np.sin(np.arange(200) / 5.0)
    site = Site(rows=(0,), start=60, stop=100)
    for change in MODES:
        altered = change(curve, site, 0.5, np.random.default_rng(3))
        assert altered.shape == (40,)
        assert not np.allclose(altered, curve[60:100])


def test_reviewed_faults_are_no_examples_of_clean_readings_and_rejected_flags_are():
    washed_out = np.full((1, 2500), 8.5, dtype=np.float32)
    washed_out[0, 1000:1200] = 14.0
    well = dataclasses.replace(
        WELLS[0], values=np.concatenate([WELLS[0].values, washed_out]), channels=(*WELLS[0].channels, Channel("CALI"))
    )
    depth = well.axis
    fault = Label(float(depth[300]), float(depth[399]), ("GR",), fault=True)
    sound = Label(float(depth[1050]), float(depth[1149]), ("RHOB",), fault=False)
    labelled = with_reviewed_depths(well, WellLabels((fault, sound)))
    _, out_of_fold = fit_predictors(SECTIONS)
    spec = TrainingSetSpec((LogSpike(),), (0.01, 0.02), (1,))
    plain, reviewed = (
        build_training_set(dataclasses.replace(CONTEXT, recordings=(one, *WELLS[1:])), out_of_fold, spec, [1] * 3)
        for one in (well, labelled)
    )
    before, after = plain.labels[0][:, -1], reviewed.labels[0][:, -1]
    assert (before[300:400] != LABEL_MISSING).all()
    assert (after[300:400] != 0).all()
    assert (before[1050:1150] != 0).all()
    assert (after[1050:1150] != LABEL_MISSING).all()
    assert (after[1000:1049] != 0).all()
    np.testing.assert_array_equal(plain.inputs[0], reviewed.inputs[0])
