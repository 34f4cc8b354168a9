"""One network that scores in the place of an ensemble: what it learns, what is stored, and who scores out of fold."""

from __future__ import annotations

import dataclasses

import numpy as np

from aemodels.detect import FaultNetwork
from aemodels.detect.base import DetectContext
from aemodels.faults import LogSpike, Stuck
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_well

CURVES = ("GR", "RHOB")
WELLS = [make_well(f"W-{n}", seed=n, samples=400, curves=CURVES) for n in range(4)]
NORMALISER = CurvePercentiles().fit(WELLS, CURVES)
SECTIONS = [NORMALISER.apply(well) for well in WELLS]
CONTEXT = DetectContext("logs", 0, {}, recordings=tuple(WELLS), normaliser=NORMALISER, faults=(LogSpike(), Stuck()))
SMALL = {"members": 2, "widths": (8, 8), "copies": 4, "steps": 60, "length": 64, "batch": 16}
UNSEEN = NORMALISER.apply(make_well("other", seed=11, samples=500, curves=CURVES))


def test_one_network_gives_the_mean_log_odds_of_all_on_a_well_that_none_has_seen():
    ensemble = FaultNetwork(**SMALL).fit(SECTIONS, CONTEXT)
    single = FaultNetwork(**SMALL, distillation_steps=400).fit(SECTIONS, CONTEXT)
    assert len(ensemble.networks) == 2
    assert len(single.networks) == 1
    mean, learned = ensemble.logits(UNSEEN), single.logits(UNSEEN)
    for first, second in zip(single.fold_networks, ensemble.networks, strict=True):
        for one, other in zip(first, second, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)
    each = [dataclasses.replace(ensemble, networks=(one,), _passes={}).logits(UNSEEN) for one in ensemble.networks]
    assert np.mean((learned - mean) ** 2) < 0.5 * min(np.mean((one - mean) ** 2) for one in each)
    assert np.mean((learned - mean) ** 2) < 0.25 * np.var(mean, axis=1).mean()


def test_the_members_score_the_wells_that_they_have_not_seen_and_one_network_is_stored():
    fitted = FaultNetwork(**SMALL, distillation_steps=4).fit(SECTIONS, CONTEXT)
    for one, (_, members) in zip(fitted.out_of_fold, fitted.folds, strict=True):
        assert one.networks == tuple(fitted.fold_networks[member] for member in members)
    arrays = fitted.arrays()
    assert not [name for name in arrays if name.startswith("network_01")]
    restored = fitted.spec.restore(arrays, CONTEXT)
    np.testing.assert_array_equal(restored.logits(UNSEEN), fitted.logits(UNSEEN))
    np.testing.assert_array_equal(restored.score(UNSEEN), fitted.score(UNSEEN))
