"""Depth shifts told from both their traces: a stretch read twice at one end, and beds that are off in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.detect.repeats import LAGS, repeats
from aemodels.types import FloatArray, Section

_LEAST = 2.3  # decades of a repeat that is worth looking at: one in two hundred samples of intact logs
_SHORTEST, _LONGEST = 50, 330  # samples, 7.6 and 50 m at the usual spacing
_STEP_LIMIT = 9.0  # of one sample's part in the likelihood: a bed boundary is one, however sharp
_COST = 0.02  # a sample's part that its being shifted has to earn: without it, any interval grows for ever


@dataclass(frozen=True, eq=False)
class Shifts:
    """What speaks for each sample's lying in a shifted interval.

    Args:
        repeat: float32[channel, sample], decades of the repeat at the interval's end; 0 = in none.
        gain: float32[channel, sample], log-likelihood that the interval's beds gain by being moved back.
    """

    repeat: FloatArray
    gain: FloatArray


def shifts(section: Section, predicted: FloatArray) -> Shifts:
    """Every repeat begins an interval that was moved down, or ends one that was moved up.

    Which of them, and how far it reaches, is decided by the steps of the curve beside those of its prediction: moved
    back by the repeat's lag, they fit better within the interval and worse beyond it (a change point by maximum
    likelihood).

    Args:
        section: normalised curves.
        predicted: float32[channel, sample], each from the others.
    """
    twice = repeats(section)
    out = Shifts(np.zeros(predicted.shape, np.float32), np.zeros(predicted.shape, np.float32))
    moves = np.diff(section.values, axis=1, prepend=section.values[:, :1])
    expected = np.diff(predicted, axis=1, prepend=predicted[:, :1])
    for row in range(len(predicted)):
        scale = 1.4826 * float(np.median(np.abs(moves[row] - expected[row]))) + 1e-3
        pair = (moves[row] / scale, expected[row] / scale)
        for end in _peaks(twice.strength[row]):
            place, gain = _interval(pair, int(end), round(float(twice.lag[row, end])))
            strength = twice.strength[row, end]
            out.gain[row, place] = np.where(strength > out.repeat[row, place], gain, out.gain[row, place])
            out.repeat[row, place] = np.maximum(out.repeat[row, place], strength)
    seen = section.mask
    return Shifts(np.where(seen, out.repeat, 0), np.where(seen, out.gain, 0).astype(np.float32))


def _peaks(strength: FloatArray) -> NDArray[np.int64]:
    """Ends of the best repeats, none within the reach of a better one."""
    left = np.flatnonzero(strength > _LEAST)
    kept: list[int] = []
    for place in left[np.argsort(-strength[left], kind="stable")]:
        if all(abs(int(place) - other) > LAGS[1] for other in kept):
            kept.append(int(place))
    return np.array(sorted(kept), dtype=np.int64)


def _interval(pair: tuple[FloatArray, FloatArray], end: int, lag: int) -> tuple[slice, float]:
    """The likelier interval at the repeat that ends at `end`, and what it gains by being moved back."""
    moves, expected = pair
    first, size = end - lag + 1, moves.size
    below = np.arange(first, min(first + _LONGEST, size - lag))  # moved down: begins where the repeat does
    above = np.arange(end - lag, max(end - lag - _LONGEST, lag), -1)  # moved up: ends where the source does
    found = []
    for rows, shift in ((below, lag), (above, -lag)):
        if rows.size < _SHORTEST:
            continue
        here, there = (moves[rows] - expected[rows]) ** 2, (moves[rows + shift] - expected[rows]) ** 2
        total = np.cumsum(np.clip(here - there, -_STEP_LIMIT, _STEP_LIMIT) / 2 - _COST)
        reach = _SHORTEST - 1 + int(np.argmax(total[_SHORTEST - 1 :]))
        found.append((float(total[reach]), int(rows[0]), int(rows[reach])))
    if not found:
        return slice(max(first, 0), end + 1), 0.0
    gain, start, stop = max(found)
    return slice(min(start, stop), max(start, stop) + 1), gain
