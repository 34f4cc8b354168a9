"""Similarity of a trace to its neighbours: too low, or too high."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from aemodels.core.types import GatherKind
from aemodels.detect.traces.neighbours import (
    Bools,
    Floats,
    nearest_good,
    neighbour_difference,
    standardise,
    value_at_rank,
)

MAX_LAG = 12  # samples by which neighbours in a gather may be shifted: 48 ms of move-out at 4 ms
NEIGHBOURS = 2  # on either side
MIN_NEIGHBOURS_FOR_RANK = 3  # with fewer, the best correlation counts instead of the second best
COHERENCE_FLOOR = 0.1
MIN_DIFFERENCE = 1e-6  # relative: smaller differences count as this


def coherence_evidence(values: Floats, bad: Bools, gather: GatherKind) -> dict[str, Floats]:
    """Return evidence by name, float64[trace], higher = more anomalous.

    dissimilar: correlation with the second best of four neighbours, below what is usual nearby; at zero lag in a
    stack, at the best lag in a gather, in which events move out. repeated: similarity to the trace before.

    Args:
        values: float32[trace, sample].
        bad: bool[trace], traces that others are not compared with.
        gather: of the section.
    """
    unit = values - values.mean(axis=1, keepdims=True)
    unit /= np.sqrt(np.maximum((unit**2).sum(axis=1, keepdims=True), 1e-18))
    similarity = _similarity(unit, _good_neighbours(bad), 0 if gather == "stacked" else MAX_LAG)
    difference = neighbour_difference(similarity, bad)
    return {
        "dissimilar": np.maximum(-standardise(difference, floor=COHERENCE_FLOOR), 0.0),
        "repeated": _repeated(values),
    }


def _good_neighbours(bad: Bools) -> NDArray[np.int64]:
    """Return two good traces on either side, or further ones of one side at the ends: int64[4, trace], -1 = none."""
    traces = nearest_good(bad, 2 * NEIGHBOURS).reshape(2, 2 * NEIGHBOURS, -1)
    near, spare = traces[:, :NEIGHBOURS], traces[::-1, NEIGHBOURS:]
    return np.where(near >= 0, near, spare[:, ::-1]).reshape(2 * NEIGHBOURS, -1)


def _similarity(unit: Floats, neighbours: NDArray[np.int64], max_lag: int) -> Floats:
    """Return the highest correlation within the lags with the second best neighbour; 1 without any: float64[trace].

    Not the best one, because two bad traces beside each other may be similar.
    """
    found = np.full(neighbours.shape, -np.inf)
    for number, highest in enumerate(_highest_correlations(unit, neighbours, max_lag)):
        found[number] = np.where(neighbours[number] >= 0, highest, -np.inf)
    count = (neighbours >= 0).sum(axis=0)
    ranked = value_at_rank(found, np.where(count >= MIN_NEIGHBOURS_FOR_RANK, 1, 0))
    return np.where(count > 0, ranked, 1.0)


def _highest_correlations(unit: Floats, neighbours: NDArray[np.int64], max_lag: int) -> Iterator[Floats]:
    """Yield the highest correlation of each trace within the lags with one neighbour after the other: float[trace]."""
    if max_lag == 0:
        for row in neighbours:
            yield np.einsum("ts,ts->t", unit, unit[row])
        return
    size = next_fast_len(unit.shape[1] + max_lag, real=True)  # padded with zeros, so that no lag wraps around
    spectrum = np.fft.rfft(unit, size, axis=1)
    for row in neighbours:
        cross = np.fft.irfft(spectrum * spectrum[row].conj(), size, axis=1)
        yield np.maximum(cross[:, : max_lag + 1].max(axis=1), cross[:, size - max_lag :].max(axis=1))


def _repeated(values: Floats) -> Floats:
    """Return -log of the relative difference from the trace before; 0 for the first trace and for dead ones."""
    found = np.zeros(len(values))
    power = (values**2).sum(axis=1)
    change = np.sqrt(((values[1:] - values[:-1]) ** 2).sum(axis=1) / np.maximum(power[1:], 1e-18))
    found[1:] = np.where(power[1:] > 0, -np.log(np.clip(change, MIN_DIFFERENCE, 1.0)), 0.0)
    return found
