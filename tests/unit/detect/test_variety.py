"""What differs between wells: curves that are not there, and calibrations; and what of it a pool is told of."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.detect.base import DetectContext
from aemodels.detect.crosswise import fit_predictors
from aemodels.detect.pool import LABEL_MISSING, PoolPlan, build_pool
from aemodels.detect.variety import recalibrated, thinned
from aemodels.faults import Spike
from aemodels.signal.normalise import CurvePercentiles
from conftest import make_well

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
WELLS = [make_well(f"W-{n}", seed=n, samples=2500) for n in range(2)]
NORMALISER = CurvePercentiles().fit(WELLS, CURVES)


@pytest.mark.parametrize("seed", range(8))
def test_a_thinned_well_lacks_stretches_and_has_a_curve_everywhere(seed: int):
    thin = thinned(WELLS[0], CURVES, np.random.default_rng(seed))
    rows = [WELLS[0].names.index(name) for name in CURVES]
    lost = np.isnan(thin.values) & ~np.isnan(WELLS[0].values)
    assert 0.0 < lost[rows].mean() < 0.6
    assert not lost[[row for row in range(len(lost)) if row not in rows]].any()
    kept = ~lost
    np.testing.assert_array_equal(thin.values[kept], WELLS[0].values[kept])


def test_one_curve_is_left_as_it_is():
    assert thinned(WELLS[0], ("GR",), np.random.default_rng(0)) is WELLS[0]


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


def test_a_flat_line_that_was_there_is_neither_faulty_nor_intact():
    values = WELLS[0].values.copy()
    row = WELLS[0].names.index("GR")
    values[row, 1000:1100] = 77.0
    well = dataclasses.replace(WELLS[0], values=values)
    context = DetectContext("logs", 0, {}, recordings=(well, WELLS[1]), normaliser=NORMALISER)
    _, without = fit_predictors([NORMALISER.apply(item) for item in context.recordings])
    plan = PoolPlan((Spike(),), 3, (0.02, 0.03), (1,), missing=0.0, uneven=0.05)
    pool = build_pool(context, without, plan)
    for labels in pool.labels[:3]:
        known = labels[1000:1100, CURVES.index("GR")]
        assert set(np.unique(known)) <= {LABEL_MISSING, 1}
        assert (labels[1000:1100, CURVES.index("DTC")] != LABEL_MISSING).all()
