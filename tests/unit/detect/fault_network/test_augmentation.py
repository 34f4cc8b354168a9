"""Augmentation of training wells, and its labels in a training set."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.detect.base import DetectContext
from aemodels.detect.cross_curve.linear_predictor import fit_predictors
from aemodels.detect.fault_network.augmentation import (
    Augmentation,
    flipped,
    recalibrated,
    stretched,
    without_some_curves,
)
from aemodels.detect.fault_network.training_set import LABEL_MISSING, TrainingSetSpec, build_training_set
from aemodels.faults import LogSpike
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_well

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
WELLS = [make_well(f"W-{n}", seed=n, samples=2500) for n in range(2)]
NORMALISER = CurvePercentiles().fit(WELLS, CURVES)


@pytest.mark.parametrize("seed", range(8))
def test_a_well_with_missing_curves_has_at_least_one_curve_everywhere(seed: int):
    thin = without_some_curves(WELLS[0], CURVES, np.random.default_rng(seed))
    rows = [WELLS[0].names.index(name) for name in CURVES]
    lost = np.isnan(thin.values) & ~np.isnan(WELLS[0].values)
    assert 0.0 < lost[rows].mean() < 0.6
    assert not lost[[row for row in range(len(lost)) if row not in rows]].any()
    kept = ~lost
    np.testing.assert_array_equal(thin.values[kept], WELLS[0].values[kept])


def test_a_single_curve_is_unchanged():
    assert without_some_curves(WELLS[0], ("GR",), np.random.default_rng(0)) is WELLS[0]


def test_calibration_is_slow_and_of_the_size_asked_for():
    before = NORMALISER.apply(WELLS[0])
    changes = []
    for seed in range(30):
        other = recalibrated(WELLS[0], NORMALISER, 0.05, np.random.default_rng(seed))
        after = NORMALISER.apply(other)
        np.testing.assert_array_equal(after.mask, before.mask)
        changes.append(np.where(before.mask, after.values - before.values, np.nan))
    assert 0.03 < np.nanstd(changes) < 0.08
    # a change of gain moves steps by a twentieth at most, the wandering by far less than that of a fault
    steps = np.diff(before.values, axis=1)
    moved = np.diff(np.asarray(changes), axis=2)
    assert np.nanmax(np.abs(moved) - 0.055 * np.abs(steps)) < 0.003


def test_a_flipped_well_has_the_same_readings_in_reverse_order():
    turned = flipped(WELLS[0])
    np.testing.assert_array_equal(turned.values[:, ::-1], WELLS[0].values)
    np.testing.assert_array_equal(turned.axis, WELLS[0].axis)


@pytest.mark.parametrize("factor", [0.5, 0.74, 1.0, 1.35, 2.0])
def test_beds_of_a_stretched_well_are_thicker_by_the_factor(factor: float):
    depth = WELLS[0].axis
    places = np.broadcast_to(np.arange(depth.size, dtype=np.float32), WELLS[0].values.shape)
    ramp = dataclasses.replace(WELLS[0], values=places.copy())
    other = stretched(ramp, factor)
    assert other.axis.size == pytest.approx(depth.size * factor, abs=2)
    np.testing.assert_allclose(np.diff(other.axis), np.diff(depth).mean(), rtol=1e-6)
    np.testing.assert_allclose(other.values[0], np.arange(other.axis.size) / factor, rtol=1e-5, atol=1e-3)


def test_missing_samples_stay_missing_in_a_stretched_well():
    values = WELLS[0].values.copy()
    values[0, 1000:1100] = np.nan
    other = stretched(dataclasses.replace(WELLS[0], values=values), 1.3)
    lost = np.flatnonzero(np.isnan(other.values[0]))
    assert (lost.min(), lost.max()) == (pytest.approx(1300, abs=2), pytest.approx(1429, abs=3))
    assert lost.size == lost.max() - lost.min() + 1
    assert stretched(dataclasses.replace(WELLS[0], values=values[:, :1], axis=WELLS[0].axis[:1]), 2.0).axis.size == 1


def test_a_third_of_the_copies_keep_bed_thickness_and_half_are_not_flipped():
    augmentation, rng = Augmentation(flip_share=0.5, thickness_scale=0.3), np.random.default_rng(3)
    copies = [augmentation.apply(WELLS[0], NORMALISER, rng) for _ in range(120)]
    kept = [copy for copy in copies if copy.axis.size == WELLS[0].axis.size]
    assert 25 < len(kept) < 57
    upright = [copy for copy in kept if np.array_equal(copy.values, WELLS[0].values, equal_nan=True)]
    assert 0.25 < len(upright) / len(kept) < 0.75
    sizes = np.array([copy.axis.size for copy in copies]) / WELLS[0].axis.size
    assert 0.73 < sizes.min() < 0.8
    assert 1.25 < sizes.max() < 1.36


def test_no_augmentation_leaves_a_well_unchanged():
    assert Augmentation().apply(WELLS[0], NORMALISER, np.random.default_rng(0)) is WELLS[0]


def test_a_flat_line_in_the_well_is_neither_faulty_nor_clean():
    values = WELLS[0].values.copy()
    row = WELLS[0].names.index("GR")
    values[row, 1000:1100] = 77.0
    well = dataclasses.replace(WELLS[0], values=values)
    context = DetectContext("logs", 0, {}, recordings=(well, WELLS[1]), normaliser=NORMALISER)
    _, out_of_fold = fit_predictors([NORMALISER.apply(item) for item in context.recordings])
    training_spec = TrainingSetSpec(
        (LogSpike(),), (0.02, 0.03), (1,), augmentation=Augmentation(flip_share=0.0, gain_spread=0.05)
    )
    training_set = build_training_set(context, out_of_fold, training_spec, [3] * len(context.recordings))
    for labels in training_set.labels[:3]:
        known = labels[1000:1100, CURVES.index("GR")]
        assert set(np.unique(known)) <= {LABEL_MISSING, 1}
        assert (labels[1000:1100, CURVES.index("DTC")] != LABEL_MISSING).all()
