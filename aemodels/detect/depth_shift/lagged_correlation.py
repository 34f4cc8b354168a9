"""Lagged correlation of each curve with its prediction, which reveals depth shifts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, Section
from aemodels.detect.cross_curve.linear_predictor import CLIP_RANGE

MAX_ZERO_LAG = 2  # samples; resampling and tool response cause such lags in any log
LAG_RANGE = (4, 24)  # samples, 0.6-3.7 m at the usual spacing
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


def lagged_correlation(section: Section, predicted: FloatArray, window: int) -> LaggedCorrelation:
    """Return the sliding cross-correlation over `window` samples.

    Args:
        section: normalised curves.
        predicted: float32[channel, sample], each curve predicted from the others.
        window: samples.

    Returns:
        Correlations in -1 .. 1; 0 if the curve or its prediction is constant.
    """
    observed = section.mask & np.roll(section.mask, 1, axis=1)
    steps = np.where(observed, _differences(np.clip(section.values, *CLIP_RANGE)), 0)
    expected = np.where(observed, _differences(predicted), 0)
    power = _sliding(expected**2, window) + _MIN_VARIANCE
    zero_lag = np.full(steps.shape, -1, dtype=np.float32)
    best_lag, lag = zero_lag.copy(), np.zeros_like(zero_lag)
    for shift in range(-LAG_RANGE[1], LAG_RANGE[1] + 1):
        if MAX_ZERO_LAG < abs(shift) < LAG_RANGE[0]:
            continue
        shifted = _shifted(steps, shift)
        correlation = _sliding(shifted * expected, window) / np.sqrt(
            power * (_sliding(shifted**2, window) + _MIN_VARIANCE)
        )
        if abs(shift) <= MAX_ZERO_LAG:
            np.maximum(zero_lag, correlation, out=zero_lag)
        else:
            better = correlation > best_lag
            best_lag[better], lag[better] = correlation[better], shift
    return LaggedCorrelation(zero_lag, best_lag, lag)


def _differences(values: FloatArray) -> FloatArray:
    """Return differences between samples, smoothed over three, so that neighbouring lags are comparable."""
    steps = np.diff(values, axis=1, prepend=values[:, :1])
    return np.asarray(uniform_filter1d(steps.astype(np.float32), 3, axis=1, mode="nearest"))


def _shifted(values: FloatArray, shift: int) -> FloatArray:
    """Return the values at sample + shift, zero beyond the ends."""
    out = np.zeros_like(values)
    if abs(shift) >= values.shape[1]:
        return out
    if shift >= 0:
        out[:, : values.shape[1] - shift] = values[:, shift:]
    else:
        out[:, -shift:] = values[:, :shift]
    return out


def _sliding(values: FloatArray, window: int) -> FloatArray:
    # the running mean of squares may be below zero by a rounding error
    return (
        np.maximum(uniform_filter1d(values, window, axis=1, mode="constant"), 0)
        if (values >= 0).all()
        else (np.asarray(uniform_filter1d(values, window, axis=1, mode="constant")))
    )
