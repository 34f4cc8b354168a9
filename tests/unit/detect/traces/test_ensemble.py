"""Bad traces in lines with known faults."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.core.types import Recording
from aemodels.detect.base import DetectContext
from aemodels.detect.traces.amplitude import amplitude_evidence
from aemodels.detect.traces.coherence import _good_neighbours, coherence_evidence
from aemodels.detect.traces.ensemble import CERTAIN_SCORE, TraceEnsemble, TraceEnsembleDetector
from aemodels.detect.traces.kurtosis import kurtosis_evidence
from aemodels.detect.traces.neighbours import nearest_good, neighbour_difference, neighbour_median
from aemodels.detect.traces.p_values import TracePValueScale
from aemodels.detect.traces.prediction import prediction_evidence
from aemodels.detect.traces.shapes import TraceShapes
from aemodels.faults import (
    Clipped,
    Dead,
    Duplicated,
    Gain,
    Hum,
    NearDead,
    Noisy,
    Reversed,
    StaticShift,
    TraceSpikes,
    inject,
)
from aemodels.signal.normalise import TraceNormaliser
from helpers.recordings import make_line

FAULTS = (Dead(), NearDead(), TraceSpikes(), Clipped(), Reversed(), StaticShift(), Noisy(), Hum(), Duplicated(), Gain())
NONE = np.zeros(80, dtype=bool)


def line(seed: int, *, traces: int = 80) -> Recording:
    """A dipping line with a little noise, so that no trace is another."""
    made = make_line(f"L-{seed}", traces=traces, samples=300, seed=seed)
    noise = np.random.default_rng(seed).normal(0.0, 0.05 * made.values.std(), made.values.shape)
    return made.with_values((made.values + noise).astype(np.float32))


LINE = TraceNormaliser().apply(line(0)).values.astype(np.float64)


@pytest.fixture(scope="module")
def ensemble() -> TraceEnsembleDetector:
    recordings = tuple(line(seed) for seed in range(2))
    normaliser = TraceNormaliser()
    train = [normaliser.apply(recording) for recording in recordings]
    context = DetectContext("seismic", 0, {}, recordings=recordings, normaliser=normaliser, faults=FAULTS)
    fitted = TraceEnsemble().fit(train, context)
    assert isinstance(fitted, TraceEnsembleDetector)
    return fitted


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
def test_every_kind_is_found_and_classified(ensemble: TraceEnsembleDetector, fault: object) -> None:
    injection = inject(line(7), (fault,), fraction=0.1, rng=np.random.default_rng(3))
    section = TraceNormaliser().apply(injection.recording)
    scores, bad = ensemble.score(section)[:, 0], injection.label.any(axis=1)
    assert np.mean(scores[bad] > np.quantile(scores[~bad], 0.95)) >= 0.85
    fault_scores = ensemble.fault_scores(section)
    named = [fault_scores.kinds[index] for index in fault_scores.score[:, bad].argmax(axis=0)]
    assert np.mean([name == fault.kind for name in named]) >= 0.6  # type: ignore[attr-defined]


def test_dead_traces_are_certain(ensemble: TraceEnsembleDetector) -> None:
    values = line(5).values.copy()
    values[[3, 40]] = 0.0
    scores = ensemble.score(TraceNormaliser().apply(line(5).with_values(values)))[:, 0]
    assert set(np.argsort(scores)[-2:]) == {3, 40}
    assert (scores[[3, 40]] >= CERTAIN_SCORE).all()


def test_distant_traces_have_no_influence(ensemble: TraceEnsembleDetector) -> None:
    """Lines that are scored by blocks get the scores of the whole: nothing reaches further than the blocks overlap."""
    whole = TraceNormaliser(amplitude=1.0, gather="stacked").apply(line(9, traces=400))
    part = dataclasses.replace(
        whole, values=whole.values[:300].copy(), mask=whole.mask[:300].copy(), scale=whole.scale[:300]
    )
    np.testing.assert_allclose(ensemble.score(part)[:140], ensemble.score(whole)[:140], rtol=1e-3, atol=1e-3)


def test_each_fault_is_the_strongest_in_its_own_evidence() -> None:
    done = LINE.copy()
    done[10] *= 8.0
    done[20] /= 8.0
    done[30, 100:102] += 12.0
    done[40] = np.clip(done[40], -0.5, 0.5)
    done[50] += 2.0 * np.sin(2 * np.pi * 0.2 * np.arange(300))
    done[60] = done[59]
    found = (
        amplitude_evidence(TraceShapes(done), NONE)
        | kurtosis_evidence(TraceShapes(done), NONE)
        | coherence_evidence(done, NONE, "stacked")
    )
    strongest = {name: int(values.argmax()) for name, values in found.items()}
    assert strongest["loud"] == 10
    assert strongest["weak"] == 20
    assert strongest["spike"] == strongest["kurtosis"] == 30
    assert strongest["flat"] == 40
    assert strongest["hum"] == 50
    assert strongest["repeated"] == 60


def test_predictions_distinguish_reversed_from_shifted_traces_beside_bad_neighbours() -> None:
    done = LINE.copy()
    done[20] *= -1.0
    done[50] = np.roll(done[50], 5)
    found = prediction_evidence(TraceShapes(done), NONE)
    assert found["inverted"].argmax() == 20
    assert found["inverted"][20] > 0.8
    assert found["shifted"][50] > 0.5
    clean = np.ones(80, dtype=bool)
    clean[[20, 50]] = False
    assert found["shifted"][clean].max() < 0.05
    assert found["unpredicted"][clean].max() < 0.2 * min(found["unpredicted"][[20, 50]])


def test_events_with_move_out_are_predicted() -> None:
    """Four samples a trace: neighbours do not correlate at zero lag, and still one predicts the other."""
    wavelet = LINE[0]
    gather = np.stack([np.roll(wavelet, 4 * trace) for trace in range(60)])
    gather[30] *= -1.0
    found = prediction_evidence(TraceShapes(gather), np.zeros(60, dtype=bool))
    assert found["inverted"].argmax() == 30
    assert found["inverted"][30] > 0.5
    assert np.delete(found["inverted"], 30).max() == 0.0


def test_traces_are_compared_with_good_ones_on_either_side() -> None:
    bad = np.array([False, True, False, False, True, False])
    np.testing.assert_array_equal(nearest_good(bad, 1), [[-1, 0, 0, 2, 3, 3], [2, 2, 3, 5, 5, -1]])
    values = np.array([1.0, 99.0, 3.0, 5.0, 99.0, 7.0])
    np.testing.assert_array_equal(neighbour_median(values, bad, 1)[2], [3.0, 2.0, 3.0, 5.0, 6.0, 5.0])


def test_a_step_between_gathers_is_not_anomalous() -> None:
    level = np.concatenate([np.zeros(10), np.full(10, 5.0)])
    np.testing.assert_array_equal(neighbour_difference(level, np.zeros(20, dtype=bool)), np.zeros(20))


def test_a_lone_value_is_not_anomalous() -> None:
    np.testing.assert_array_equal(neighbour_difference(np.array([3.0]), np.array([False])), [0.0])


def test_neg_log10_p_is_the_rarity_among_clean_traces() -> None:
    clean = np.random.default_rng(0).exponential(2.0, (1, 50_000))
    scale = TracePValueScale.from_evidence(("loud",), clean)
    asked = 2.0 * np.log(10.0) * np.array([[0.5, 1.0, 2.0, 4.0]])  # exceeded by 10 ** -(0.5, 1, 2, 4)
    np.testing.assert_allclose(scale.transform(asked), [[0.5, 1.0, 2.0, 4.0]], rtol=0.05)
    again = TracePValueScale.restore(scale.arrays("x_"), "x_")
    np.testing.assert_array_equal(again.transform(asked), scale.transform(asked))


def test_wells_are_refused() -> None:
    with pytest.raises(SpecError, match="trace_ensemble"):
        TraceEnsemble().fit((), DetectContext("logs", 0, {}))


@pytest.mark.parametrize("end", [0, 79])
def test_the_last_trace_of_a_line_is_scored_like_any_other(end: int) -> None:
    """Its own anomaly is not what is usual around it."""
    values = LINE.copy()
    values[end] *= -1
    assert coherence_evidence(values, NONE, "stacked")["dissimilar"][end] > 5.0
    assert prediction_evidence(TraceShapes(values), NONE)["unpredicted"][end] > 5.0


def test_a_trace_at_the_end_is_compared_with_four_of_one_side() -> None:
    neighbours = _good_neighbours(np.zeros(6, dtype=bool)).T
    assert [sorted(row) for row in neighbours.tolist()] == [
        [1, 2, 3, 4],
        [0, 2, 3, 4],
        [0, 1, 3, 4],
        [1, 2, 4, 5],
        [1, 2, 3, 5],
        [1, 2, 3, 4],
    ]
