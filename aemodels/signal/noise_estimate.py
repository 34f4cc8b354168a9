"""Noise estimates from the data alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray
from aemodels.signal.windows import starts

# The filter (1, -3, 3, -1) has squared norm 20; 0.6745 converts a median absolute deviation to a standard deviation.
THIRD_DIFFERENCE_NORM = np.sqrt(20.0) * 0.6745


def noise_sigma(values: FloatArray, mask: BoolArray, *, axis: int = -1) -> FloatArray:
    """Estimate the standard deviation of white noise from the median absolute third difference.

    Third differences cancel quadratic trends, and the median is robust against bed boundaries.

    Args:
        values: float32[...], finite.
        mask: bool of the same shape; differences that include a missing sample are ignored.
        axis: the sample axis.

    Returns:
        float32 with `axis` reduced to length 1; 0 if no four consecutive samples are observed.

    References:
        Donoho & Johnstone (1994), Biometrika 81, 425 (median absolute deviation of the finest scale).
    """
    moved = np.moveaxis(values, axis, -1)
    seen = np.moveaxis(mask, axis, -1)
    if moved.shape[-1] < 4:
        return np.zeros_like(np.moveaxis(moved[..., :1], -1, axis))
    return np.moveaxis(_sigma(*_third_differences(moved, seen))[..., None], -1, axis)


def _third_differences(values: FloatArray, mask: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Return absolute third differences along the last axis, and whether all samples in them are observed."""
    return np.abs(np.diff(values, n=3, axis=-1)), mask[..., :-3] & mask[..., 1:-2] & mask[..., 2:-1] & mask[..., 3:]


def _sigma(difference: FloatArray, valid: BoolArray) -> FloatArray:
    """Return the noise by the median of valid third differences along the last axis; 0 if there are none."""
    sigma = np.median(difference, axis=-1)
    partial = ~valid.all(axis=-1)
    if partial.any():
        ordered = np.sort(np.where(valid[partial], difference[partial], np.inf), axis=-1)
        count = valid[partial].sum(axis=-1)
        middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[:, None] // 2, axis=-1)[:, 0]
        sigma[partial] = np.where(count > 0, middle, 0.0)
    return np.asarray(sigma / THIRD_DIFFERENCE_NORM, dtype=np.float32)


def noise_sigma_along(values: FloatArray, mask: BoolArray, length: int, stride: int) -> FloatArray:
    """Return the estimate of `noise_sigma` in windows along each channel, interpolated between their centres.

    Args:
        values: float32[channel, sample], finite.
        mask: bool of the same shape.
        length: samples per window.
        stride: samples between windows.

    Returns:
        float32[channel, sample].
    """
    samples = values.shape[1]
    length = min(length, samples)
    first = starts(samples, length, stride)
    if length < 4:
        return np.zeros(values.shape, dtype=np.float32)
    slide = np.lib.stride_tricks.sliding_window_view
    difference, valid = _third_differences(values, mask)
    sigma = _sigma(slide(difference, length - 3, axis=1)[:, first], slide(valid, length - 3, axis=1)[:, first])
    centres = first + (length - 1) / 2
    place = np.clip(np.interp(np.arange(samples), centres, np.arange(first.size)), 0, first.size - 1)
    before = np.minimum(place.astype(np.int64), max(first.size - 2, 0))
    share = (place - before).astype(np.float32)
    after = np.minimum(before + 1, first.size - 1)
    return np.asarray(sigma[:, before] * (1 - share) + sigma[:, after] * share, dtype=np.float32)


def noise_power(values: FloatArray, mask: BoolArray) -> float:
    """Return the mean noise variance of the channels with observed samples; 0 if there are none."""
    return mean_power(noise_sigma(values, mask)[:, 0].astype(np.float64), mask)


def mean_power(sigma: NDArray[np.float64], mask: BoolArray) -> float:
    """Return the mean variance of noise levels, float64[channel], of the channels with observed samples; 0 if none."""
    live = sigma[mask.any(axis=1)]
    return float(np.mean(live**2)) if live.size else 0.0
