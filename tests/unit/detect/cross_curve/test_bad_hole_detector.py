"""Bad hole without a caliper: three porosity logs deviate towards mud."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.core.types import Section
from aemodels.detect import BadHole
from aemodels.detect.base import DetectContext
from aemodels.detect.cross_curve.boosted_predictor import BoostingSpec
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_section, make_well

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
WELLS = [make_well(f"W-{n}", seed=n, samples=1500) for n in range(5)]
NORMALISER = CurvePercentiles().fit(WELLS[:4], CURVES)
TRAIN = [NORMALISER.apply(well) for well in WELLS[:4]]
SMALL = BadHole(smooth=31, boosting=BoostingSpec(trees=30, depth=3, learning_rate=0.3, rows=2000))
DETECTOR = SMALL.fit(TRAIN, DetectContext("logs", 0, {}, normaliser=NORMALISER))
PLACE = slice(600, 700)


def _altered(**moves: float) -> Section:
    section = NORMALISER.apply(WELLS[4])
    values = section.values.copy()
    for name, move in moves.items():
        values[CURVES.index(name), PLACE] += move
    return section.with_values(values)


def _level(section: Section) -> float:
    """The score inside, in units of the highest tenth outside."""
    score = DETECTOR.score(section)[1]
    return float(np.median(score[PLACE]) / np.quantile(np.delete(score, np.r_[560:740]), 0.9))


def test_all_three_curves_towards_mud_score_highest():
    density, all_three = _level(_altered(RHOB=-0.2)), _level(_altered(RHOB=-0.2, NPHI=0.2, DTC=0.1))
    assert 1.0 < density < all_three


def test_a_deviation_away_from_mud_is_not_a_bad_hole():
    assert _level(_altered(RHOB=0.2, NPHI=-0.2)) < 0.9


def test_a_deviation_of_the_whole_well_is_ignored():
    section = NORMALISER.apply(WELLS[4])
    values = section.values.copy()
    values[1] -= 0.1
    np.testing.assert_allclose(
        np.nanmedian(DETECTOR.score(section)[1]), np.nanmedian(DETECTOR.score(section.with_values(values))[1])
    )


def test_without_density_there_is_no_score():
    section = NORMALISER.apply(WELLS[4])
    mask = section.mask.copy()
    mask[1] = False
    score = DETECTOR.score(make_section(section.values, mask))
    assert np.isnan(score[1]).all()
    assert not np.delete(score, 1, axis=0).any()


def test_it_is_evidence_of_washout():
    fault_scores = DETECTOR.fault_scores(_altered(RHOB=-0.3, NPHI=0.2))
    assert fault_scores.kinds == ("washout",)
    assert np.median(fault_scores.score[0, PLACE]) > np.quantile(fault_scores.score[0], 0.9)
    silent = SMALL.model_copy(update={"fault_kind": None}).restore(DETECTOR.arrays(), DetectContext("logs", 0, {}))
    assert silent.fault_scores(TRAIN[0]).kinds == ()


@pytest.mark.parametrize(("kind", "curves"), [("seismic", CURVES), ("logs", ("GR", "NPHI", "DTC"))])
def test_an_experiment_without_density_is_refused(kind, curves):
    normaliser = CurvePercentiles().fit(WELLS[:4], curves)
    with pytest.raises(SpecError, match="bad_hole"):
        SMALL.fit([normaliser.apply(well) for well in WELLS[:4]], DetectContext(kind, 0, {}, normaliser=normaliser))
