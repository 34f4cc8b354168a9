"""Depth shifts told from both their traces: a stretch read twice at one end, and beds that are off in between."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, IntArray, Section
from aemodels.detect.cross_curve.linear_predictor import REACH
from aemodels.detect.depth_shift.repeats import LAGS, repeats
from aemodels.detect.depth_shift.step_predictor import steps

_LEAST = 1.2  # decades of a repeat that is worth looking at
_CLEAR = 2.0  # decades of one that counts where nothing else is asked
_SHORTEST, _LONGEST = 50, 330  # samples, 7.6 and 50 m at the usual spacing
_STEP_LIMIT = 9.0  # of one sample's part in the likelihood: a bed boundary is one, however sharp
_COST = 0.02  # a sample's part that its being shifted has to earn: without it, any interval grows for ever
_BESIDE = 60  # samples on either side of an interval, where being moved must not fit better
_SEAM = 5  # samples around the place where an interval begins
Floats: TypeAlias = NDArray[np.float64]

# What is known of a candidate: decades of its repeat and variance of the repeated stretch, log samples of the lag, gain
# in log-likelihood (its signed logarithm), log length, logarithm of the largest step at the seam in units of the mean
# one around it, gain beyond the far end and before the near one, and the gain's standard deviation a sample.
EVIDENCE = ("repeat", "variation", "lag", "gain", "length", "seam", "beyond", "before", "unsteady")


@dataclass(frozen=True, eq=False)
class Candidates:
    """Intervals that may have been moved.

    Args:
        rows: int64[candidate], of the curve.
        places: int64[candidate, 2], first sample and the one after the last.
        evidence: float32[candidate, EVIDENCE].
    """

    rows: IntArray
    places: IntArray
    evidence: FloatArray

    def spread(self, values: FloatArray, shape: tuple[int, ...], background: float) -> FloatArray:
        """The highest value of all candidates at each sample, float32[channel, sample]."""
        out = np.full(shape, background, dtype=np.float32)
        for row, (start, stop), value in zip(self.rows, self.places, values, strict=True):
            np.maximum(out[row, start:stop], value, out=out[row, start:stop])
        return out


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
    """The candidate with the clearest repeat at each sample; of two at one repeat, the one that gains more.

    Args:
        section: normalised curves.
        predicted: float32[channel, sample], each from the others.
    """
    found = candidates(section, np.diff(predicted, axis=1, prepend=predicted[:, :1]))
    repeat, logarithm = found.evidence[:, EVIDENCE.index("repeat")], found.evidence[:, EVIDENCE.index("gain")]
    gain = np.sign(logarithm) * np.expm1(np.abs(logarithm))
    out = Shifts(np.zeros(predicted.shape, np.float32), np.zeros(predicted.shape, np.float32))
    order = np.lexsort((gain, repeat))
    for number in order[repeat[order] > _CLEAR]:
        place = slice(*found.places[number])
        out.repeat[found.rows[number], place] = repeat[number]
        out.gain[found.rows[number], place] = gain[number]
    return Shifts(np.where(section.mask, out.repeat, 0), np.where(section.mask, out.gain, 0))


def candidates(section: Section, expected: FloatArray) -> Candidates:
    """Every repeat begins an interval that was moved down, or ends one that was moved up: both are looked at.

    How far it reaches is decided by the steps of the curve beside those of its prediction: moved back by the repeat's
    lag, they fit better within the interval and worse beyond it (a change point by maximum likelihood).

    Args:
        section: normalised curves.
        expected: float32[channel, sample], steps of each curve as predicted from the others.
    """
    held = np.clip(section.values, *REACH)
    # what is held at a limit repeats itself
    section = dataclasses.replace(section, values=held, mask=section.mask & (held == section.values))
    twice, moves = repeats(section), steps(section)
    rows, places, evidence = [], [], []
    for row in range(len(moves)):
        curve = _Curve.of(moves[row], expected[row], section.mask[row])
        for end in _peaks(twice.strength[row]):
            lag = round(float(twice.lag[row, end]))
            stretch = section.values[row, max(end - lag + 1, 0) : end + 1].astype(np.float64)
            known = [float(twice.strength[row, end]), float(np.log10(stretch.var() + 1e-9)), float(np.log(lag))]
            for place, told in _intervals(curve, int(end), lag):
                rows.append(row)
                places.append(place)
                evidence.append([*known, *told])
    return Candidates(
        np.array(rows, dtype=np.int64),
        np.array(places, dtype=np.int64).reshape(-1, 2),
        np.array(evidence, dtype=np.float32).reshape(-1, len(EVIDENCE)),
    )


@dataclass(frozen=True, eq=False)
class _Curve:
    """Steps of a curve and those that are expected of it, float64[sample] in units of their usual difference."""

    moves: Floats
    expected: Floats
    around: Floats

    @classmethod
    def of(cls, moves: FloatArray, expected: FloatArray, seen: NDArray[np.bool_]) -> _Curve:
        off = np.abs(moves - expected)[seen]
        scale = 1.4826 * float(np.median(off)) + 1e-3 if off.size else 1.0
        around = uniform_filter1d(np.abs(moves).astype(np.float64), 41, mode="nearest")
        return cls(moves / np.float64(scale), expected / np.float64(scale), (around + 1e-4) / scale)

    def gains(self, rows: IntArray, shift: int) -> Floats:
        """What each sample gains in log-likelihood by being moved back, limited."""
        here = (self.moves[rows] - self.expected[rows]) ** 2
        there = (self.moves[rows + shift] - self.expected[rows]) ** 2
        return np.asarray(np.clip(here - there, -_STEP_LIMIT, _STEP_LIMIT) / 2)


def _peaks(strength: FloatArray) -> IntArray:
    """Ends of the best repeats, none within the reach of a better one."""
    left = np.flatnonzero(strength > _LEAST)
    kept: list[int] = []
    for place in left[np.argsort(-strength[left], kind="stable")]:
        if all(abs(int(place) - other) > LAGS[1] for other in kept):
            kept.append(int(place))
    return np.array(sorted(kept), dtype=np.int64)


def _intervals(curve: _Curve, end: int, lag: int) -> Iterator[tuple[tuple[int, int], list[float]]]:
    """The likeliest interval moved down and moved up at a repeat, and what is known of it from "gain" on."""
    first, size = end - lag + 1, curve.moves.size
    below = np.arange(first, min(first + _LONGEST, size - lag))  # moved down: begins where the repeat does
    above = np.arange(end - lag, max(end - lag - _LONGEST, lag), -1)  # moved up: ends where the source does
    seam = slice(max(end - lag - 1, 0), end - lag - 1 + _SEAM)
    jump = float(np.abs(curve.moves[seam]).max() / curve.around[min(max(end - lag, 0), size - 1)])
    for rows, shift in ((below, lag), (above, -lag)):
        if rows.size < _SHORTEST:
            continue
        each = curve.gains(rows, shift)
        total = np.cumsum(each - _COST)
        reach = _SHORTEST - 1 + int(np.argmax(total[_SHORTEST - 1 :]))
        gain = float(total[reach])
        before = rows[0] - np.sign(shift) * np.arange(1, _BESIDE + 1)
        before = before[(before >= lag) & (before < size - lag)]
        told = [np.sign(gain) * np.log1p(abs(gain)), np.log(reach + 1), np.log1p(jump)]
        told += [each[reach + 1 : reach + 1 + _BESIDE].sum(), curve.gains(before, shift).sum(), each[: reach + 1].std()]
        start, stop = sorted((int(rows[0]), int(rows[reach])))
        yield (start, stop + 1), [float(value) for value in told]
