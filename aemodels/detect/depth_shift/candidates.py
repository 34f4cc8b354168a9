"""Candidate depth shifts: intervals with a repeat at one end and displaced beds between the ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, IntArray, Section
from aemodels.detect.cross_curve.linear_predictor import CLIP_RANGE
from aemodels.detect.depth_shift.repeats import LAGS, find_repeats
from aemodels.detect.depth_shift.step_predictor import curve_steps

_MIN_STRENGTH = 1.2  # of a repeat, log10: minimum for a candidate
_MIN_CLEAR_STRENGTH = 2.0  # of a repeat, log10: minimum for shift_evidence
_MIN_SAMPLES, _MAX_SAMPLES = 50, 330  # length of an interval, 7.6 and 50 m at the usual spacing
_MAX_SQUARE = 9.0  # of one sample's squared difference: limits the influence of a single bed boundary
_SAMPLE_PENALTY = 0.02  # log-likelihood per sample that a shift must gain; without it, intervals grow without limit
_MARGIN = 60  # samples on either side of an interval, in which a shift must not fit better
_EDGE = 5  # samples around the edge of an interval in which its largest step is looked for
Floats: TypeAlias = NDArray[np.float64]

# Features of a candidate: strength of its repeat, log10 variance of the repeated samples, log of the lag, gain in
# log-likelihood (its signed logarithm), log length, log of the largest step at the edge in units of the mean step
# around it, gain beyond the far end and before the near one, standard deviation of the gain per sample.
FEATURES = ("repeat", "variance", "lag", "gain", "length", "edge_step", "gain_beyond", "gain_before", "gain_std")


@dataclass(frozen=True, eq=False)
class Candidates:
    """Intervals that may be depth-shifted.

    Args:
        rows: int64[candidate], row of the curve.
        intervals: int64[candidate, 2], first sample and exclusive end.
        features: float32[candidate, FEATURES].
    """

    rows: IntArray
    intervals: IntArray
    features: FloatArray

    def max_per_sample(self, values: FloatArray, shape: tuple[int, ...], background: float) -> FloatArray:
        """Return the highest value of all candidates at each sample, float32[channel, sample]."""
        out = np.full(shape, background, dtype=np.float32)
        for row, (start, stop), value in zip(self.rows, self.intervals, values, strict=True):
            np.maximum(out[row, start:stop], value, out=out[row, start:stop])
        return out


@dataclass(frozen=True, eq=False)
class ShiftEvidence:
    """Evidence that each sample lies in a depth-shifted interval.

    Args:
        repeat: float32[channel, sample], strength of the repeat at the interval's end; 0 = in no interval.
        gain: float32[channel, sample], log-likelihood that the interval gains by being shifted back.
    """

    repeat: FloatArray
    gain: FloatArray


def shift_evidence(section: Section, predicted: FloatArray) -> ShiftEvidence:
    """Return the evidence of the candidate with the strongest repeat at each sample; if equal, with the higher gain.

    Args:
        section: normalised curves.
        predicted: float32[channel, sample], each curve predicted from the others.
    """
    found = candidates(section, np.diff(predicted, axis=1, prepend=predicted[:, :1]))
    repeat, logarithm = found.features[:, FEATURES.index("repeat")], found.features[:, FEATURES.index("gain")]
    gain = np.sign(logarithm) * np.expm1(np.abs(logarithm))
    out = ShiftEvidence(np.zeros(predicted.shape, np.float32), np.zeros(predicted.shape, np.float32))
    order = np.lexsort((gain, repeat))
    for number in order[repeat[order] > _MIN_CLEAR_STRENGTH]:
        window = slice(*found.intervals[number])
        out.repeat[found.rows[number], window] = repeat[number]
        out.gain[found.rows[number], window] = gain[number]
    return ShiftEvidence(np.where(section.mask, out.repeat, 0), np.where(section.mask, out.gain, 0))


def candidates(section: Section, expected: FloatArray) -> Candidates:
    """Find candidates: a repeat is the top of an interval shifted down or the base of one shifted up; both are tried.

    The length follows from the steps of the curve and of its prediction: shifted back by the repeat's lag, they fit
    better within the interval and worse beyond it (a change point by maximum likelihood).

    Args:
        section: normalised curves.
        expected: float32[channel, sample], steps of each curve predicted from those of the others.
    """
    clipped = np.clip(section.values, *CLIP_RANGE)
    # values clipped at a limit repeat themselves
    section = dataclasses.replace(section, values=clipped, mask=section.mask & (clipped == section.values))
    found, steps = find_repeats(section), curve_steps(section)
    rows, intervals, features = [], [], []
    for row in range(len(steps)):
        curve = _Curve.from_steps(steps[row], expected[row], section.mask[row])
        for end in _peaks(found.strength[row]):
            lag = round(float(found.lag[row, end]))
            repeated = section.values[row, max(end - lag + 1, 0) : end + 1].astype(np.float64)
            known = [float(found.strength[row, end]), float(np.log10(repeated.var() + 1e-9)), float(np.log(lag))]
            for interval, values in _intervals(curve, int(end), lag):
                rows.append(row)
                intervals.append(interval)
                features.append([*known, *values])
    return Candidates(
        np.array(rows, dtype=np.int64),
        np.array(intervals, dtype=np.int64).reshape(-1, 2),
        np.array(features, dtype=np.float32).reshape(-1, len(FEATURES)),
    )


@dataclass(frozen=True, eq=False)
class _Curve:
    """Steps of a curve, predicted steps, and mean size of nearby steps, float64[sample], over the typical residual."""

    steps: Floats
    expected: Floats
    around: Floats

    @classmethod
    def from_steps(cls, steps: FloatArray, expected: FloatArray, observed: NDArray[np.bool_]) -> _Curve:
        """Return the steps in units of their typical residual."""
        residual = np.abs(steps - expected)[observed]
        scale = 1.4826 * float(np.median(residual)) + 1e-3 if residual.size else 1.0
        around = uniform_filter1d(np.abs(steps).astype(np.float64), 41, mode="nearest")
        return cls(steps / np.float64(scale), expected / np.float64(scale), (around + 1e-4) / scale)

    def gains(self, rows: IntArray, shift: int) -> Floats:
        """Return the gain in log-likelihood of each sample when shifted back, limited."""
        here = (self.steps[rows] - self.expected[rows]) ** 2
        there = (self.steps[rows + shift] - self.expected[rows]) ** 2
        return np.asarray(np.clip(here - there, -_MAX_SQUARE, _MAX_SQUARE) / 2)


def _peaks(strength: FloatArray) -> IntArray:
    """Return the ends of the strongest repeats, at least LAGS[1] samples apart."""
    above = np.flatnonzero(strength > _MIN_STRENGTH)
    kept: list[int] = []
    for sample in above[np.argsort(-strength[above], kind="stable")]:
        if all(abs(int(sample) - other) > LAGS[1] for other in kept):
            kept.append(int(sample))
    return np.array(sorted(kept), dtype=np.int64)


def _intervals(curve: _Curve, end: int, lag: int) -> Iterator[tuple[tuple[int, int], list[float]]]:
    """Yield the likeliest intervals shifted down and up at a repeat, each with its features from "gain" on."""
    first, size = end - lag + 1, curve.steps.size
    # shifted down, an interval begins with the repeat; shifted up, it ends with the source of the repeat
    below = np.arange(first, min(first + _MAX_SAMPLES, size - lag))
    above = np.arange(end - lag, max(end - lag - _MAX_SAMPLES, lag), -1)
    edge = slice(max(end - lag - 1, 0), end - lag - 1 + _EDGE)
    step = float(np.abs(curve.steps[edge]).max() / curve.around[min(max(end - lag, 0), size - 1)])
    for rows, shift in ((below, lag), (above, -lag)):
        if rows.size < _MIN_SAMPLES:
            continue
        gains = curve.gains(rows, shift)
        total = np.cumsum(gains - _SAMPLE_PENALTY)
        reach = _MIN_SAMPLES - 1 + int(np.argmax(total[_MIN_SAMPLES - 1 :]))
        gain = float(total[reach])
        before = rows[0] - np.sign(shift) * np.arange(1, _MARGIN + 1)
        before = before[(before >= lag) & (before < size - lag)]
        beyond = gains[reach + 1 : reach + 1 + _MARGIN]
        values = [np.sign(gain) * np.log1p(abs(gain)), np.log(reach + 1), np.log1p(step)]
        values += [beyond.sum(), curve.gains(before, shift).sum(), gains[: reach + 1].std()]
        start, stop = sorted((int(rows[0]), int(rows[reach])))
        yield (start, stop + 1), [float(value) for value in values]
