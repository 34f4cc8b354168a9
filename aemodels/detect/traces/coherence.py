"""Whether a trace is like its neighbours: too little so, or too much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import GatherKind
from aemodels.detect.traces.neighbours import Bools, Floats, by_rank, difference_beside, in_spreads, nearest

LAGS = 12  # samples by which neighbours in a gather may differ: 48 ms of move-out at 4 ms
NEIGHBOURS = 2  # on either side
FEWEST_TO_DOUBT = 3
COHERENCE_FLOOR = 0.1
SAME = 1e-6


def coherence_evidence(values: Floats, bad: Bools, gather: GatherKind) -> dict[str, Floats]:
    """Evidence by name, float64[trace], higher = odder.

    apart: correlation with the second best of four neighbours, below what is usual nearby; at zero lag in a stack, at
    the best lag in a gather, whose events move out. same: how nearly the trace repeats the one before it.

    Args:
        values: float64[trace, sample].
        bad: bool[trace], traces that others are not compared with.
        gather: of the section.
    """
    unit = values - values.mean(axis=1, keepdims=True)
    unit /= np.sqrt(np.maximum((unit**2).sum(axis=1, keepdims=True), 1e-18))
    alike = _alike(unit, _company(bad), 0 if gather == "stacked" else LAGS)
    return {
        "apart": np.maximum(-in_spreads(difference_beside(alike, bad), floor=COHERENCE_FLOOR), 0.0),
        "same": _repeats(values),
    }


def _company(bad: Bools) -> NDArray[np.int64]:
    """Two good traces on either side; where the line ends, the next ones on the other: int64[4, trace], -1 = none."""
    places = nearest(bad, 2 * NEIGHBOURS).reshape(2, 2 * NEIGHBOURS, -1)
    own, spare = places[:, :NEIGHBOURS], places[::-1, NEIGHBOURS:]
    return np.where(own >= 0, own, spare[:, ::-1]).reshape(2 * NEIGHBOURS, -1)


def _alike(unit: Floats, places: NDArray[np.int64], lags: int) -> Floats:
    """Highest correlation within the lags with the second best of the neighbours; 1 without any: float64[trace].

    Two bad traces beside each other are alike: one neighbour says too little where there are others.
    """
    size = 2 * unit.shape[1]
    spectrum = np.fft.rfft(unit, size, axis=1)
    found = np.full(places.shape, -np.inf)
    for number, row in enumerate(places):
        cross = np.fft.irfft(spectrum * spectrum[row].conj(), size, axis=1)
        near = np.concatenate([cross[:, : lags + 1], cross[:, size - lags :]], axis=1).max(axis=1)
        found[number] = np.where(row >= 0, near, -np.inf)
    count = (places >= 0).sum(axis=0)
    told = by_rank(found, np.where(count >= FEWEST_TO_DOUBT, 1, 0))
    return np.where(count > 0, told, 1.0)


def _repeats(values: Floats) -> Floats:
    """-log of the relative difference to the trace before, 0 for the first and for dead ones."""
    found = np.zeros(len(values))
    power = (values**2).sum(axis=1)
    change = np.sqrt(((values[1:] - values[:-1]) ** 2).sum(axis=1) / np.maximum(power[1:], 1e-18))
    found[1:] = np.where(power[1:] > 0, -np.log(np.clip(change, SAME, 1.0)), 0.0)
    return found
