"""Levels of the curves from reviews: what the scores of each curve are divided by, so that fewer flags are wrong.

Few reviewed wells bear few numbers: one per curve, each moved only if several wells ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from aemodels.core.types import BoolArray, FloatArray

GRID = np.geomspace(0.5, 8.0, 81)  # divisors that are tried; 1 is among them
MIN_WELLS = 3  # a level moves only if that corrects events in so many wells: one odd well moves nothing
# No fault found now may be lost net, and so many have to be known that this means something: at this confidence at most
# this share of the faults of other wells is lost, which takes 22 reviewed faults.
MAX_LOST_SHARE, CONFIDENCE = 0.1, 0.9
MIN_FAULTS = 22  # found and reviewed, without which no level is raised: follows from the two
# Beyond the highest score that has to go (or the lowest that has to come), a level moves on by a part of the free
# space: the next well has a higher one once in as many cases as there were events.
_MARGIN = 1.25
BETA = 2.0  # a fault that is missed costs as much as four wrong flags
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Events:
    """Reviewed intervals of some wells, and the unflagged peaks of wells of which every flag was reviewed.

    Args:
        peaks: float32[event, curve], highest score of each curve that the event concerns, in units of the threshold;
            0 for other curves.
        fault: bool[event], True for faults, False for sound readings.
        well: int64[event], number of its well.
    """

    peaks: FloatArray
    fault: BoolArray
    well: NDArray[np.int64]

    def of(self, wells: BoolArray) -> Events:
        """Return some of the events, bool[event]."""
        return Events(self.peaks[wells], self.fault[wells], self.well[wells])

    def flagged(self, divisors: Floats) -> BoolArray:
        """Return the events with any curve above the threshold, bool[event]; divisors float64[curve]."""
        return np.asarray((self.peaks / divisors).max(axis=1, initial=0.0) > 1.0)


def joined(parts: Iterable[Events]) -> Events:
    """Return the events of several wells as one."""
    found = list(parts)
    return Events(
        np.concatenate([one.peaks for one in found]),
        np.concatenate([one.fault for one in found]),
        np.concatenate([one.well for one in found]),
    )


def f_score(events: Events, flagged: BoolArray) -> float:
    """Return the F score with recall counted BETA times as much as precision; 1 without any event.

    References:
        van Rijsbergen (1979), Information Retrieval, 2nd ed., ch. 7.
    """
    found, missed, wrong = (
        int(which.sum()) for which in (events.fault & flagged, events.fault & ~flagged, ~events.fault & flagged)
    )
    total = (1 + BETA**2) * found + BETA**2 * missed + wrong
    return (1 + BETA**2) * found / total if total else 1.0


def is_better(events: Events, flagged: BoolArray, before: BoolArray) -> bool:
    """Return True if flags have a higher F score, find as many faults, and are better in several wells.

    Args:
        events: reviewed.
        flagged: bool[event], flags to be judged.
        before: bool[event], flags as they are.
    """
    if lost_share(events, flagged, before) > MAX_LOST_SHARE or _found(events, flagged) < _found(events, before):
        return False
    change = (events.fault == flagged).astype(np.int64) - (events.fault == before).astype(np.int64)
    by_well = np.bincount(events.well, weights=change) if change.size else np.zeros(0)
    return int((by_well > 0).sum()) >= MIN_WELLS and f_score(events, flagged) > f_score(events, before)


def _found(events: Events, flagged: BoolArray) -> int:
    return int((events.fault & flagged).sum())


def lost_share(events: Events, flagged: BoolArray, before: BoolArray) -> float:
    """Return the upper end of the share of faults found before that are lost, one-sided at CONFIDENCE; 0 if none can.

    References:
        Clopper & Pearson (1934), Biometrika 26, 404.
    """
    if not (before & ~flagged).any():
        return 0.0
    lost, found = int((events.fault & before & ~flagged).sum()), int((events.fault & before).sum())
    return 1.0 if lost >= found else float(betaincinv(lost + 1, found - lost, CONFIDENCE))


def fit_divisors(events: Events, curves: int) -> Floats:
    """Fit what the scores of each curve are divided by, so that the flags of the events have the highest F score.

    One move, of one curve or of all together, the one that gives the highest F score; of equals the one that moves
    least. Of the factors with that score one is taken inside their range, near its end on the side of 1. Further moves
    fit the reviewed wells better and lose faults of others; they can wait for the next reviews.

    Args:
        events: reviewed.
        curves: number of curves.

    Returns:
        float64[curve], above 1 where flags were wrong, below 1 where faults were missed, 1 where nothing is to be
        changed.
    """
    moves = [*np.eye(curves, dtype=np.bool_), np.ones(curves, dtype=np.bool_)]
    found = [_best(events, moved) for moved in moves]
    score, factor = max(found, key=lambda one: one[0])  # of equals the first, which moves one curve
    if score < 0:
        return np.ones(curves)
    return np.where(moves[[one[0] for one in found].index(score)], factor, 1.0)


def _best(events: Events, moved: BoolArray) -> tuple[float, float]:
    """Return the highest F score of all divisors of some curves, and that divisor; -1 if none is better than 1.

    Args:
        events: reviewed.
        moved: bool[curve], those to be divided.
    """
    before = events.flagged(np.ones(moved.size))
    scores = np.full(GRID.size, -1.0)
    for number, factor in enumerate(GRID):
        flagged = events.flagged(np.where(moved, factor, 1.0))
        if is_better(events, flagged, before):
            scores[number] = f_score(events, flagged)
    highest = float(scores.max())
    return (highest, _inside(scores >= highest - 1e-12)) if highest >= 0 else (-1.0, 1.0)


def _inside(best: BoolArray) -> float:
    """Return a factor inside the range of the best ones that is nearest to 1."""
    numbers = np.flatnonzero(best)
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    run = min(runs, key=lambda one: float(np.abs(np.log(GRID[one])).min()))
    ends = sorted((float(GRID[run[0]]), float(GRID[run[-1]])), key=lambda end: abs(np.log(end)))
    near, far = ends
    middle = float(np.sqrt(near * far))
    return min(middle, near * _MARGIN) if near >= 1 else max(middle, near / _MARGIN)
