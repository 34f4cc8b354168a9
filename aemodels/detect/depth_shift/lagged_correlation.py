"""Lagged correlation of each curve with its prediction, which reveals depth shifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, Section
from aemodels.detect.cross_curve.linear_predictor import CLIP_RANGE
from aemodels.signal.window_sums import WindowSums

MAX_ZERO_LAG = 2  # samples; resampling and tool response cause such lags in any log
LAG_RANGE = (4, 24)  # samples, 0.6-3.7 m at the usual spacing
_LAGS = tuple(
    lag for lag in range(-LAG_RANGE[1], LAG_RANGE[1] + 1) if not MAX_ZERO_LAG < abs(lag) < LAG_RANGE[0]
)  # tried, in samples
_MIN_VARIANCE = 2e-4  # of differences, added to their variance: smaller ones are not bed boundaries


@dataclass(frozen=True, eq=False)
class LaggedCorrelation:
    """Correlation of a curve's differences with those of its prediction.

    Args:
        zero_lag: float32[channel, sample], the maximum over lags of up to MAX_ZERO_LAG samples.
        best_lag: float32[channel, sample], the maximum over lags in LAG_RANGE, in both directions.
        lag: float32[channel, sample], lag of `best_lag` in samples; positive = the curve is too deep.
    """

    zero_lag: FloatArray
    best_lag: FloatArray
    lag: FloatArray


def lagged_correlation(section: Section, predicted: FloatArray, windows: Sequence[int]) -> list[LaggedCorrelation]:
    """Return the sliding cross-correlation over each of some windows.

    Args:
        section: normalised curves.
        predicted: float32[channel, sample], each curve predicted from the others.
        windows: lengths in samples.

    Returns:
        For each window, correlations in -1 .. 1; 0 if the curve or its prediction is constant.
    """
    observed = section.mask & np.roll(section.mask, 1, axis=1)
    steps = np.where(observed, _differences(np.clip(section.values, *CLIP_RANGE)), 0)
    expected = np.where(observed, _differences(predicted), 0)
    longest = max(windows)
    around = _with_margins(steps, LAG_RANGE[1])
    searches = [_Search.begin(around, expected, window) for window in windows]
    # zeros beyond the ends, as far as the longest window reaches
    wide, further = _with_margins(expected, longest), _with_margins(around, longest)
    sums, correlation = WindowSums.up_to(longest, np.zeros_like(wide)), np.empty_like(steps)
    for number, shift in enumerate(_LAGS):
        np.multiply(_at_lag(further, shift), wide, out=sums.doubled[0])
        sums.update()
        for search in searches:
            search.try_lag(_centred(sums, search.window, longest, correlation), number)
    known = np.array(_LAGS, dtype=np.float32)
    return [LaggedCorrelation(search.zero_lag, search.best_lag, known[search.best_number]) for search in searches]


@dataclass(frozen=True, eq=False)
class _Search:
    """The highest correlations so far, over one window.

    Args:
        window: samples.
        own_scale: one over the root of the curve's power within each window, float32[channel, sample], with margins.
        own_ends: the same of the shifted steps near the first and the last sample, where it is not that of the
            unshifted ones: float32[lag, channel, sample] each.
        expected_scale: the same of the prediction's.
        zero_lag, best_lag: as of LaggedCorrelation, changed by `try_lag`.
        best_number: of the lag of `best_lag` in _LAGS, int8[channel, sample], changed as well.
    """

    window: int
    own_scale: FloatArray
    own_ends: tuple[FloatArray, FloatArray]
    expected_scale: FloatArray
    zero_lag: FloatArray
    best_lag: FloatArray
    best_number: NDArray[np.int8]

    @classmethod
    def begin(cls, around: FloatArray, expected: FloatArray, window: int) -> _Search:
        """Return a search in which no lag was tried, in the curve's steps with margins."""
        lowest = np.full(expected.shape, -1, dtype=np.float32)
        own, other = (_one_over_root_power(values, window) for values in (_at_lag(around, 0), expected))
        ends, number = _shifted_ends(around, expected.shape, window), np.zeros(expected.shape, dtype=np.int8)
        return cls(window, _with_margins(own, LAG_RANGE[1]), ends, other, lowest, lowest.copy(), number)

    def try_lag(self, correlation: FloatArray, number: int) -> None:
        """Compare with the correlation at one more lag; lags are tried in the order of their numbers.

        Args:
            correlation: sums over each window of the shifted steps times the prediction's; changed.
            number: of the lag in _LAGS.
        """
        shift = _LAGS[number]
        correlation *= self.expected_scale
        head, tail = (ends[number] for ends in self.own_ends)
        inside = slice(head.shape[1], correlation.shape[1] - tail.shape[1])
        correlation[:, : inside.start] *= head
        correlation[:, inside] *= _at_lag(self.own_scale, shift)[:, inside]
        correlation[:, inside.stop :] *= tail
        if abs(shift) <= MAX_ZERO_LAG:
            np.maximum(self.zero_lag, correlation, out=self.zero_lag)
        else:
            better = (correlation > self.best_lag).view(np.int8)
            np.maximum(self.best_number, better * np.int8(number), out=self.best_number)
            np.maximum(self.best_lag, correlation, out=self.best_lag)


def _shifted_ends(around: FloatArray, shape: tuple[int, ...], window: int) -> tuple[FloatArray, FloatArray]:
    """Return one over the deviation of the steps shifted by each lag, near the first and near the last sample.

    Args:
        around: the steps with margins.
        shape: channels and samples without margins.
        window: samples.

    Returns:
        float32[lag, channel, sample] each; if the curve is too short for two ends, the first is the whole curve.
    """
    count, samples = shape
    near = window + LAG_RANGE[1]

    def scales(start: int, stop: int) -> FloatArray:
        parts = np.concatenate([_at_lag(around, shift)[:, start:stop] for shift in _LAGS])
        return _one_over_root_power(parts, window).reshape(len(_LAGS), count, -1)

    if 2 * near >= samples:
        return scales(0, samples), np.empty((len(_LAGS), count, 0), dtype=np.float32)
    return scales(0, 2 * near)[..., :near], scales(samples - 2 * near, samples)[..., near:]


def _one_over_root_power(steps: FloatArray, window: int) -> FloatArray:
    """Return one over the root of the sum of squares of the steps within each window, float32[channel, sample]."""
    power = _centred(WindowSums.up_to(window, _with_margins(steps, window) ** 2), window, window, np.empty_like(steps))
    return np.asarray(1 / np.sqrt(power + np.float32(window * _MIN_VARIANCE)), dtype=np.float32)


def _centred(sums: WindowSums, window: int, margin: int, out: FloatArray) -> FloatArray:
    """Return the sums over windows around each sample, float32[channel, sample], of values with margins."""
    return sums.over(margin - window // 2, window, out)


def _differences(values: FloatArray) -> FloatArray:
    """Return differences between samples, smoothed over three, so that neighbouring lags are comparable."""
    steps = np.diff(values, axis=1, prepend=values[:, :1])
    return np.asarray(uniform_filter1d(steps.astype(np.float32), 3, axis=1, mode="nearest"))


def _with_margins(values: FloatArray, margin: int) -> FloatArray:
    """Return the values with zeros beyond the ends."""
    return np.pad(values, ((0, 0), (margin, margin)))


def _at_lag(around: FloatArray, shift: int) -> FloatArray:
    """Return the values at sample + shift as a view of those with margins."""
    first = LAG_RANGE[1] + shift
    return around[:, first : first + around.shape[1] - 2 * LAG_RANGE[1]]
