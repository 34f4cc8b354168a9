"""The level of a whole well's scores: divided out where it is unusually high, and only there."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.detect import CrossCurve, Fusion, Knn, Rules
from aemodels.detect.base import DetectContext, row_scores
from aemodels.detect.fusion.well_level import level_divisor, usual_level, well_level
from aemodels.faults import LogSpike, Stuck, Unit
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_well

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
WELLS = [make_well(f"W-{n}", seed=n) for n in range(5)]
NORMALISER = CurvePercentiles().fit(WELLS[:3], CURVES)
TRAIN = [NORMALISER.apply(well) for well in WELLS[:3]]
CONTEXT = DetectContext(
    "logs",
    0,
    {},
    recordings=tuple(WELLS[:3]),
    validation=tuple(NORMALISER.apply(well) for well in WELLS[3:5]),
    calibration=tuple(WELLS[3:5]),
    normaliser=NORMALISER,
    faults=(Stuck(), LogSpike(), Unit()),
    specs={"rules": Rules(), "cross": CrossCurve(), "knn": Knn(rows=500)},
)
MEMBERS = ("rules", "cross", "knn")


def scores(level: float, rows: int = 1000) -> np.ndarray:
    """Return scores whose upper quartile is `level`."""
    return np.linspace(0, level / 0.75, rows, dtype=np.float32)


def test_the_level_is_the_upper_quartile_of_what_is_scored():
    known = scores(3.0)
    with_gaps = np.concatenate([known, np.full(400, np.nan, dtype=np.float32)])
    assert well_level(known) == pytest.approx(3.0, rel=1e-3)
    assert well_level(with_gaps) == well_level(known)
    assert np.isnan(well_level(known[:499]))


def test_three_wells_of_four_have_a_usual_level():
    assert usual_level([scores(level) for level in (1.0, 2.0, 3.0, 4.0, 5.0)]) == pytest.approx(4.0, rel=1e-3)
    assert usual_level([]) is None
    assert usual_level([np.zeros(1000, dtype=np.float32)]) is None


@pytest.mark.parametrize(("level", "divisor"), [(0.5, 1.0), (1.0, 1.0), (1.5, 1.5), (9.0, 2.0)])
def test_only_unusual_levels_are_divided_out_and_only_in_part(level: float, divisor: float):
    assert level_divisor(scores(level), 1.0, 2.0) == pytest.approx(divisor, rel=1e-3)
    assert level_divisor(scores(level, rows=100), 1.0, 2.0) == 1.0


def test_a_fault_in_an_otherwise_usual_well_keeps_its_score():
    found = scores(1.0)
    found[:240] = 20.0  # nearly a quarter of the well
    assert level_divisor(found, usual_level([scores(1.0)]) or 0.0, 2.0) < 1.4


def test_a_fusion_divides_the_level_of_an_odd_well_and_survives_the_disk():
    plain = Fusion(members=MEMBERS, copies=1).fit(TRAIN, CONTEXT)
    spec = Fusion(members=MEMBERS, copies=1, max_level_divisor=2.0)
    levelled = spec.fit(TRAIN, CONTEXT)
    usual = min(CONTEXT.validation, key=lambda well: well_level(row_scores(plain.score(well), "logs")))
    np.testing.assert_allclose(levelled.score(usual), plain.score(usual), rtol=1e-5)

    rng = np.random.default_rng(0)  # curves that do not belong together: every relation is odd, at every depth
    odd = dataclasses.replace(usual, values=np.stack([np.roll(row, rng.integers(300, 900)) for row in usual.values]))
    before, after = (row_scores(one.score(odd), "logs") for one in (plain, levelled))
    factor = level_divisor(before, levelled.usual_level, 2.0)
    assert factor > 1.1
    np.testing.assert_allclose(after * factor, before, rtol=1e-4)

    again = spec.restore(levelled.arrays(), CONTEXT)
    np.testing.assert_array_equal(again.score(odd), levelled.score(odd))
