"""How well each curve follows its prediction, in place and moved: the trace that a depth shift leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, Section
from aemodels.detect.cross_curve.linear_predictor import REACH

IN_PLACE = 2  # samples: what resampling and tool response leave in any log
FAR = (4, 24)  # samples, 0.6-3.7 m at the usual spacing
_STEADY = 2e-4  # variance of differences that counts as bed boundaries at all


@dataclass(frozen=True, eq=False)
class Lagged:
    """Correlation of a curve's differences with its prediction's.

    Args:
        near: float32[channel, sample], the best within IN_PLACE samples.
        far: float32[channel, sample], the best when moved by FAR samples up or down.
        lag: float32[channel, sample], the samples by which the curve lies too deep for `far`; negative = too shallow.
    """

    near: FloatArray
    far: FloatArray
    lag: FloatArray


def lagged_correlation(section: Section, predicted: FloatArray, window: int) -> Lagged:
    """Sliding cross-correlation, over `window` samples.

    Args:
        section: normalised curves.
        predicted: float32[channel, sample], each from the others.
        window: samples.

    Returns:
        Correlations in -1 .. 1; 0 where the curve or its prediction does not move.
    """
    seen = section.mask & np.roll(section.mask, 1, axis=1)
    moves = np.where(seen, _differences(np.clip(section.values, *REACH)), 0)
    expected = np.where(seen, _differences(predicted), 0)
    power = _sliding(expected**2, window) + _STEADY
    near = np.full(moves.shape, -1, dtype=np.float32)
    far, lag = near.copy(), np.zeros_like(near)
    for shift in range(-FAR[1], FAR[1] + 1):
        if IN_PLACE < abs(shift) < FAR[0]:
            continue
        moved = _moved(moves, shift)
        correlation = _sliding(moved * expected, window) / np.sqrt(power * (_sliding(moved**2, window) + _STEADY))
        if abs(shift) <= IN_PLACE:
            np.maximum(near, correlation, out=near)
        else:
            better = correlation > far
            far[better], lag[better] = correlation[better], shift
    return Lagged(near, far, lag)


def _differences(values: FloatArray) -> FloatArray:
    """Steps between samples, smoothed over three, so that neighbouring lags compare."""
    steps = np.diff(values, axis=1, prepend=values[:, :1])
    return np.asarray(uniform_filter1d(steps.astype(np.float32), 3, axis=1, mode="nearest"))


def _moved(values: FloatArray, shift: int) -> FloatArray:
    """values at sample + shift, zero beyond the ends."""
    out = np.zeros_like(values)
    if abs(shift) >= values.shape[1]:
        return out
    if shift >= 0:
        out[:, : values.shape[1] - shift] = values[:, shift:]
    else:
        out[:, -shift:] = values[:, :shift]
    return out


def _sliding(values: FloatArray, window: int) -> FloatArray:
    # the running sum of squares may come out a rounding error below zero
    return (
        np.maximum(uniform_filter1d(values, window, axis=1, mode="constant"), 0)
        if (values >= 0).all()
        else (np.asarray(uniform_filter1d(values, window, axis=1, mode="constant")))
    )
