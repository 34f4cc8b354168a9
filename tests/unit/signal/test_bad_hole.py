"""Depths that are no examples of clean readings: enlarged holes and large density corrections."""

from __future__ import annotations

import numpy as np

from aemodels.core.types import Channel, Recording, Source
from aemodels.signal.adjoining_sections import normalise_adjoining
from aemodels.signal.bad_hole import unreliable_depths
from aemodels.signal.normalise import CurvePercentiles
from helpers.recordings import make_well

SAMPLES = 2000


def well(**curves: np.ndarray) -> Recording:
    return Recording(
        values=np.stack(list(curves.values())).astype(np.float32),
        axis=1000.0 + 0.1524 * np.arange(SAMPLES),
        channels=tuple(Channel(name) for name in curves),
        kind="logs",
        source=Source("made", "0" * 64),
        name="made",
    )


def caliper() -> np.ndarray:
    """Two bit runs, and one washout in each."""
    readings = np.where(np.arange(SAMPLES) < 1000, 12.3, 8.6)
    readings[300:340] += 3.0
    readings[1500:1560] += 4.0
    return readings


def marked(recording: Recording) -> list[int]:
    found = unreliable_depths(recording)
    assert found is not None
    edges = np.flatnonzero(np.diff(found.astype(int)))
    return [int(edge) + 1 for edge in edges]


def test_a_caliper_alone_shows_washouts_with_their_margins() -> None:
    assert marked(well(CALI=caliper())) == [296, 344, 1496, 1564]


def test_a_bit_size_shows_an_interval_that_is_enlarged_throughout() -> None:
    long = np.where(np.arange(SAMPLES) < 1200, 12.0, 8.6)
    assert marked(well(CALI=long, BS=np.full(SAMPLES, 8.5))) == [1204]


def test_a_correction_with_a_wrong_zero_is_not_used() -> None:
    correction = np.zeros(SAMPLES)
    correction[700:720] = 0.3
    assert marked(well(DRHO=correction)) == [696, 724]
    assert unreliable_depths(well(DRHO=correction + 0.2)) is None


def test_without_caliper_and_correction_nothing_is_known() -> None:
    assert unreliable_depths(make_well()) is None
    (section,) = normalise_adjoining(CurvePercentiles().fit([make_well()], ("GR",)), [make_well()])
    assert section.bad_hole is None
    assert section.good_hole.all()


def test_sections_to_learn_from_carry_bad_hole_and_those_to_score_do_not() -> None:
    recording = well(GR=np.linspace(20.0, 120.0, SAMPLES), CALI=caliper())
    normaliser = CurvePercentiles().fit([recording], ("GR",))
    (section,) = normalise_adjoining(normaliser, [recording])
    np.testing.assert_array_equal(~section.good_hole, unreliable_depths(recording))
    assert section.bad_hole is not None and section.bad_hole.sum() == 48 + 68
    assert normaliser.apply(recording).bad_hole is None
