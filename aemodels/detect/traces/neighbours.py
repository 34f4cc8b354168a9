"""What lies beside a trace: robust comparisons with the neighbours on either side."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

REACH = 4  # traces on either side that a trace is compared with
SPREAD_REACH = 30  # traces on either side that say how much neighbours usually differ
MAD_TO_SIGMA = 1.4826


def nearest(bad: Bools, reach: int = REACH) -> NDArray[np.int64]:
    """The nearest traces on either side that are not bad, first to the left, then to the right: int64[2 reach, trace].

    Args:
        bad: bool[trace].
        reach: traces on either side.

    Returns:
        Nearest first; -1 where the line ends before.

    >>> nearest(np.array([False, True, False, False]), 1).tolist()
    [[-1, 0, 0, 2], [2, 2, 3, -1]]
    """
    good = np.flatnonzero(~bad)
    places = np.arange(bad.size)
    left = np.searchsorted(good, places, side="left")[None] - 1 - np.arange(reach)[:, None]
    right = np.searchsorted(good, places, side="right")[None] + np.arange(reach)[:, None]
    padded = np.concatenate([good, [-1]])
    outside = good.size
    left = np.where(left >= 0, left, outside)
    return np.asarray(padded[np.minimum(np.concatenate([left, right]), outside)])


def beside(values: Floats, bad: Bools, reach: int = REACH) -> Floats:
    """Medians of the traces to the left, to the right and on both sides: float64[3, trace, ...].

    Args:
        values: float64[trace, ...], finite.
        bad: bool[trace], traces that nothing is compared with; those behind them take their place.
        reach: traces on either side.

    Returns:
        At the ends of a line a side without traces is given as the other one; a trace without any neighbour is given
        as itself, so that nothing speaks against it.
    """
    places = nearest(bad, reach)
    near = np.where((places >= 0).reshape(*places.shape, *(1 for _ in values.shape[1:])), values[places], np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a side without any trace is an all-NaN slice
        both = np.nanmedian(near, axis=0)
        sides = np.stack([np.nanmedian(near[:reach], axis=0), np.nanmedian(near[reach:], axis=0), both])
    both = np.where(np.isfinite(both), both, values)
    return np.where(np.isfinite(sides), sides, both)


def difference_beside(values: Floats, bad: Bools, reach: int = REACH) -> Floats:
    """Difference to the closest of left, right and both sides' medians: float64[trace, ...].

    Where gathers meet, amplitudes jump: a trace that is like the traces on one side is no stranger.
    """
    differences = values[None] - beside(values, bad, reach)
    closest = np.abs(differences).argmin(axis=0)
    return np.asarray(np.take_along_axis(differences, closest[None], axis=0)[0])


def in_spreads(differences: Floats, *, floor: float) -> Floats:
    """Differences in units of their own usual size along the line: float64 of the same shape.

    Args:
        differences: float64[trace, ...].
        floor: added to the spread, so that a line without any is not all anomalous.
    """
    size = (min(2 * SPREAD_REACH + 1, 2 * len(differences) - 1), *(1 for _ in differences.shape[1:]))
    spread = MAD_TO_SIGMA * median_filter(np.abs(differences), size=size, mode="mirror")
    return np.asarray(differences / (spread + floor))


def by_rank(values: Floats, rank: NDArray[np.int64]) -> Floats:
    """Of several values for each trace the one of a rank, 0 = highest: float64[trace].

    Args:
        values: float64[value, trace], -inf = none.
        rank: int64[trace].
    """
    falling = -np.sort(-values, axis=0)
    return np.asarray(np.take_along_axis(falling, rank[None], axis=0)[0])


def rms_of(values: Floats) -> Floats:
    """Root mean square of each trace: float64[trace]."""
    return np.asarray(np.sqrt(np.mean(values**2, axis=1)))
