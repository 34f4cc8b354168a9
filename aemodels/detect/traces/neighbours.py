"""Robust comparisons of a trace with its neighbours on either side."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aemodels.signal.running_median import median_of, running_median

Floats: TypeAlias = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]

NEIGHBOURS_PER_SIDE = 4
SPREAD_NEIGHBOURS = 30  # traces on either side from which the usual difference of neighbours is estimated
MAD_TO_SIGMA = 1.4826
_BLOCK_TRACES = 16  # sorted at a time: they stay in the cache


def nearest_good(bad: Bools, per_side: int = NEIGHBOURS_PER_SIDE) -> NDArray[np.int64]:
    """Return the nearest good traces, first to the left, then to the right: int64[2 * per_side, trace].

    Args:
        bad: bool[trace].
        per_side: traces on either side.

    Returns:
        Nearest first; -1 beyond the ends of the line.

    >>> nearest_good(np.array([False, True, False, False]), 1).tolist()
    [[-1, 0, 0, 2], [2, 2, 3, -1]]
    """
    good = np.flatnonzero(~bad)
    traces = np.arange(bad.size)
    left = np.searchsorted(good, traces, side="left")[None] - 1 - np.arange(per_side)[:, None]
    right = np.searchsorted(good, traces, side="right")[None] + np.arange(per_side)[:, None]
    padded = np.concatenate([good, [-1]])
    outside = good.size
    left = np.where(left >= 0, left, outside)
    return np.asarray(padded[np.minimum(np.concatenate([left, right]), outside)])


def neighbour_median(values: Floats, bad: Bools, per_side: int = NEIGHBOURS_PER_SIDE) -> Floats:
    """Return medians of the traces to the left, to the right and on both sides: float64[3, trace, ...].

    Args:
        values: float64[trace, ...], finite.
        bad: bool[trace], traces that are not compared with; the next good ones are used instead.
        per_side: traces on either side.

    Returns:
        For a side without traces, the median of the other side; for a trace without any neighbour, the trace itself,
        so that it is not anomalous.
    """
    traces = nearest_good(bad, per_side)
    both = _median_of_traces(values, traces)
    sides = [_median_of_traces(values, side, both) for side in (traces[:per_side], traces[per_side:])]
    return np.stack([*sides, both])


def median_of_neighbours(values: Floats, bad: Bools, per_side: int = NEIGHBOURS_PER_SIDE) -> Floats:
    """Return the median of the nearest good traces on both sides, float64[trace, ...], as of `neighbour_median`."""
    return _median_of_traces(values, nearest_good(bad, per_side))


def _median_of_traces(values: Floats, traces: NDArray[np.int64], otherwise: Floats | None = None) -> Floats:
    """Return the median of some traces for each trace, float[trace, ...].

    Args:
        values: float[trace, ...].
        traces: int64[number, trace], -1 = none.
        otherwise: float[trace, ...], if there is none; None = the trace itself.
    """
    otherwise = values if otherwise is None else otherwise
    out = np.empty_like(values)
    for first in range(0, len(values), _BLOCK_TRACES):
        block = slice(first, first + _BLOCK_TRACES)
        out[block] = median_of([values[row[block]] for row in traces])
    incomplete = np.flatnonzero((traces < 0).any(axis=0))
    for trace in incomplete:
        near = traces[traces[:, trace] >= 0, trace]
        out[trace] = np.median(values[near], axis=0) if near.size else otherwise[trace]
    return out


def neighbour_difference(values: Floats, bad: Bools, per_side: int = NEIGHBOURS_PER_SIDE) -> Floats:
    """Return the difference from the closest of the left, right and two-sided medians: float64[trace, ...].

    Amplitudes jump between gathers: a trace that agrees with the traces on one side is not anomalous.
    """
    differences = values[None] - neighbour_median(values, bad, per_side)
    closest = np.abs(differences).argmin(axis=0)
    return np.asarray(np.take_along_axis(differences, closest[None], axis=0)[0])


def standardise(differences: Floats, *, floor: float) -> Floats:
    """Return differences in units of their robust standard deviation along the line: float64 of the same shape.

    Args:
        differences: float64[trace, ...].
        floor: added to the standard deviation, so that a line of equal traces is not all anomalous.
    """
    window = min(2 * SPREAD_NEIGHBOURS + 1, 2 * len(differences) - 1)
    spread = MAD_TO_SIGMA * running_median(np.abs(differences), window, mode="mirror", axis=0)
    return np.asarray(differences / (spread + floor))


def value_at_rank(values: Floats, rank: NDArray[np.int64]) -> Floats:
    """Return the value of a given rank for each trace, 0 = highest: float64[trace].

    Args:
        values: float64[value, trace], -inf = none.
        rank: int64[trace].
    """
    falling = -np.sort(-values, axis=0)
    return np.asarray(np.take_along_axis(falling, rank[None], axis=0)[0])


def rms_of(values: Floats) -> Floats:
    """Return the root mean square of each trace: float64[trace]."""
    return np.asarray(np.sqrt(np.mean(values**2, axis=1)))
