"""Prediction of traces: a second pass changes what it should, and rounding errors of a loud trace stay its own."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.detect.traces import prediction
from aemodels.detect.traces.neighbours import median_of_neighbours, neighbour_median
from aemodels.detect.traces.prediction import prediction_evidence
from aemodels.detect.traces.shapes import TraceShapes
from helpers.recordings import make_line


def line(traces: int = 120, samples: int = 200) -> np.ndarray:
    values = make_line(traces=traces, samples=samples, seed=3).values.astype(np.float64)
    rng = np.random.default_rng(1)
    values += 0.2 * values.std() * rng.normal(size=values.shape)
    values[30] *= -1
    values[31] = rng.normal(0, values.std(), samples)
    values[80] = np.roll(values[80], 9)
    return values / np.sqrt((values**2).mean())


def test_the_second_pass_works_on_no_more_than_what_changed(monkeypatch: pytest.MonkeyPatch):
    values, bad = line(), np.zeros(120, dtype=bool)
    parts = []
    original = prediction._affected

    def seen(changed):
        found = list(original(changed))
        parts.extend(found)
        return iter(found)

    monkeypatch.setattr(prediction, "_affected", seen)
    some = prediction_evidence(TraceShapes(values), bad)
    assert parts
    assert sum(kept.stop - kept.start for _, kept in parts) < 120
    monkeypatch.setattr(prediction, "_affected", lambda changed: [(slice(0, 120), slice(0, 120))])
    every = prediction_evidence(TraceShapes(values), bad)
    for name, evidence in some.items():
        np.testing.assert_allclose(evidence, every[name], atol=1e-4)
    assert some["inverted"].argmax() == 30
    assert set(np.argsort(some["shifted"])[-2:]) == {30, 80}


def test_a_loud_trace_changes_no_prediction_far_from_it():
    values = line()
    loud = values.copy()
    loud[5] *= 1e4  # its shape has an rms of one again, so it is made spiky as well
    loud[5, ::40] *= 1e3
    bad = np.zeros(120, dtype=bool)
    bad[5] = True
    quiet, beside = prediction_evidence(TraceShapes(values), bad), prediction_evidence(TraceShapes(loud), bad)
    for name in quiet:
        np.testing.assert_allclose(beside[name][60:], quiet[name][60:], atol=1e-4)


@pytest.mark.parametrize("per_side", [1, 3, 4])
def test_the_fast_median_of_neighbours_is_that_of_numpy(per_side: int):
    rng = np.random.default_rng(0)
    values, bad = rng.normal(size=(40, 7)), rng.random(40) < 0.2
    np.testing.assert_allclose(median_of_neighbours(values, bad, per_side), neighbour_median(values, bad, per_side)[2])
    alone = np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(median_of_neighbours(alone, np.array([False])), alone)
