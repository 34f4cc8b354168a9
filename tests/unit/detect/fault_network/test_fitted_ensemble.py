"""Fault networks that start from fitted ones: the weights, the schedule, and what is never started."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import WarmStart
from aemodels.detect import FaultNetwork, OpenSetNetwork, Rules
from aemodels.detect.base import DetectContext
from aemodels.detect.fault_network.open_set_network import OpenSetNetworkDetector
from aemodels.faults import LogSpike, Stuck
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_well

CURVES = ("GR", "RHOB")
WELLS = [make_well(f"W-{n}", seed=n, samples=400, curves=CURVES) for n in range(2)]
NORMALISER = CurvePercentiles().fit(WELLS, CURVES)
SECTIONS = [NORMALISER.apply(well) for well in WELLS]
CONTEXT = DetectContext("logs", 0, {}, recordings=tuple(WELLS), normaliser=NORMALISER, faults=(LogSpike(), Stuck()))
SMALL = {"widths": (4, 4), "copies": 2, "steps": 4, "length": 64, "batch": 4, "learning_rate": 1e-9}


@pytest.mark.parametrize("kind", [FaultNetwork, OpenSetNetwork])
def test_each_member_starts_from_a_fitted_one_in_turn(kind):
    single = kind(members=1, **SMALL).fit(SECTIONS, CONTEXT)
    ensemble = single.network if kind is OpenSetNetwork else single
    second = tuple(weight + 1 for weight in ensemble.networks[0])
    ensemble = dataclasses.replace(ensemble, networks=(*ensemble.networks, second))
    fitted = OpenSetNetworkDetector(ensemble) if kind is OpenSetNetwork else ensemble
    started = kind(members=2, **SMALL).fit(SECTIONS, _from(fitted))
    found = started.network if kind is OpenSetNetwork else started
    for member in range(2):
        for weight, before in zip(found.networks[member], ensemble.networks[member], strict=True):
            np.testing.assert_allclose(weight, before, atol=1e-6)


def test_networks_for_other_faults_curves_or_kinds_of_detector_are_refused():
    first = FaultNetwork(members=1, **SMALL).fit(SECTIONS, CONTEXT)
    with pytest.raises(SpecError, match="has the fault kinds spike, unknown here and spike, stuck, unknown there"):
        FaultNetwork(members=1, **SMALL).fit(SECTIONS, dataclasses.replace(_from(first), faults=(LogSpike(),)))
    with pytest.raises(SpecError, match="kernel is 3 here and 5 there"):
        FaultNetwork(members=1, kernel=3, **SMALL).fit(SECTIONS, _from(first))
    with pytest.raises(SpecError, match="logs-v1 has a RulesDetector by this name; expected a fault_network"):
        FaultNetwork(members=1, **SMALL).fit(SECTIONS, _from(Rules().fit(SECTIONS, CONTEXT)))
    single = CurvePercentiles().fit(WELLS, ("GR",))
    context = dataclasses.replace(_from(first), normaliser=single)
    with pytest.raises(SpecError, match=r"is \(5, 17, 4\) here and \(5, 34, 4\) there; expected the bundle's curves"):
        FaultNetwork(members=1, **SMALL).fit([single.apply(well) for well in WELLS], context)


def test_steps_copies_and_learning_rate_are_scaled(monkeypatch):
    from aemodels.detect.fault_network import network, segmentation

    schedules, copies = [], []
    train, build = segmentation.train_segmentation_network, network.build_training_set

    def spy(*arguments, schedule, **options):
        schedules.append(schedule)
        return train(*arguments, schedule=schedule, **options)

    monkeypatch.setattr(segmentation, "train_segmentation_network", spy)
    monkeypatch.setattr(network, "build_training_set", lambda *given: (copies.append(given[3]), build(*given))[1])
    spec = FaultNetwork(members=1, **SMALL | {"copies": 8, "steps": 40, "learning_rate": 1e-3})
    first = spec.fit(SECTIONS, CONTEXT)
    spec.fit(SECTIONS, dataclasses.replace(_from(first), start=WarmStart(first, "logs-v1", 0.25, 0.3)))
    assert [(one.steps, one.rate) for one in schedules] == [(40, 1e-3), (10, pytest.approx(3e-4))]
    assert copies == [[8, 8], [2, 2]]


def _from(detector) -> DetectContext:
    return dataclasses.replace(CONTEXT, start=WarmStart(detector, "logs-v1"))
