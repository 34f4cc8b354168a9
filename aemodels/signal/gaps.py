"""Gaps: interpolation, and distance of missing samples to observed ones."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt

from aemodels.core.types import BoolArray, FloatArray

Method: TypeAlias = Literal["linear", "pchip"]


def fill_lost(values: FloatArray, mask: BoolArray, method: Method) -> FloatArray:
    """Interpolate masked samples from the observed ones of their channel: float32[channel, sample].

    The first and last observed values are extended to the ends; a channel without observed samples is unchanged.
    """
    out = values.astype(np.float32, copy=True)
    samples = np.arange(values.shape[1])
    for row in np.flatnonzero(mask.any(axis=1) & ~mask.all(axis=1)):
        seen = np.flatnonzero(mask[row])
        known = values[row, seen].astype(np.float64)
        lost = samples[~mask[row]]
        if method == "pchip" and (np.diff(seen) > 1).any():
            from scipy.interpolate import PchipInterpolator  # a third of a second, which most files do not need

            near = _beside_gaps(seen)
            out[row, lost] = PchipInterpolator(seen[near], known[near])(np.clip(lost, seen[0], seen[-1]))
        else:
            out[row, lost] = np.interp(lost, seen, known)
    return out


def _beside_gaps(seen: NDArray[np.int64]) -> BoolArray:
    """Return which observed positions PCHIP needs: two on either side of each gap, and three at each end."""
    last = np.flatnonzero(np.diff(seen) > 1)
    needed = np.zeros(seen.size, dtype=np.bool_)
    needed[:3] = needed[-3:] = True
    for offset in (-1, 0, 1, 2):
        needed[np.clip(last + offset, 0, seen.size - 1)] = True
    return needed


def fill_windows(values: FloatArray, mask: BoolArray, neutral: float) -> FloatArray:
    """Interpolate masked samples linearly from the observed ones of their window and channel; end values are extended.

    Args:
        values: float32[window, sample, feature]; masked values do not affect the result.
        mask: bool of the same shape, True = observed.
        neutral: value of a channel without an observed sample in its window.

    Returns:
        float32 of the same shape.
    """
    if mask.all():
        return values
    samples = values.shape[1]
    position = np.arange(samples)[None, :, None]
    before = np.maximum.accumulate(np.where(mask, position, -1), axis=1)
    after = np.minimum.accumulate(np.where(mask, position, samples)[:, ::-1], axis=1)[:, ::-1]
    left = np.minimum(np.where(before < 0, after, before), samples - 1)
    right = np.maximum(np.where(after == samples, before, after), 0)
    low, high = np.take_along_axis(values, left, axis=1), np.take_along_axis(values, right, axis=1)
    share = (position - left) / np.maximum(right - left, 1)
    known = mask.any(axis=1, keepdims=True)
    return np.where(mask, values, np.where(known, low + (high - low) * share, neutral)).astype(np.float32)


def distance_to_observed(mask: BoolArray) -> NDArray[np.int64]:
    """Return the distance in samples to the nearest observed one of the channel: int64[channel, sample], 0 = observed.

    In a channel without observed samples it is the length of the channel.

    >>> distance_to_observed(np.array([[True, False, False, False, True]])).tolist()
    [[0, 1, 2, 1, 0]]
    """
    out = np.where(mask.all(axis=1, keepdims=True), 0, mask.shape[1]).repeat(mask.shape[1], axis=1).astype(np.int64)
    for row in np.flatnonzero(mask.any(axis=1) & ~mask.all(axis=1)):
        out[row] = distance_transform_cdt(~mask[row], metric="chessboard")
    return out
