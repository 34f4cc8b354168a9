"""Repeated intervals: curve readings that occur twice in a row, as at one end of a depth-shifted interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, Section

LAGS = (4, 24)  # samples, 0.6-3.7 m at the usual spacing
Table: TypeAlias = NDArray[np.float64]
_NOISE = 1e-3  # normalised units, assumed difference of two readings of one depth
_MIN_LENGTH = 5  # samples compared: shorter intervals repeat by chance


@dataclass(frozen=True, eq=False)
class Repeats:
    """Similarity of the samples above each depth to those above them.

    Args:
        strength: float32[channel, sample], log10 of the interval's variance over its mean square difference from the
            repeat; 0 = no repeat.
        lag: float32[channel, sample], samples from the interval to its repeat, not necessarily an integer.
    """

    strength: FloatArray
    lag: FloatArray


def find_repeats(section: Section) -> Repeats:
    """Find the best repeat that ends at each sample, at integer and fractional lags in the range LAGS.

    Shifting an interval down by s repeats the s metres above its top; shifting it up repeats those below its base.
    Fractional lags are modelled by the best-fitting mixture of two neighbouring ones.
    """
    values = section.values.astype(np.float64)
    strength = np.zeros(values.shape)
    best = np.zeros(values.shape)
    for lag in range(*LAGS):
        length = max(lag, _MIN_LENGTH)
        mismatch, share = _mismatch(values, lag, length)
        # a flat line repeats itself, but has no variance
        ratio = (mismatch + _NOISE**2) / (_variation(values, length) + _NOISE**2)
        found = -np.log10(np.clip(ratio, 1e-9, 1.0))
        found[:, : lag + length] = 0.0
        better = found > strength
        strength[better], best[better] = found[better], lag + share[better]
    observed = uniform_filter1d(section.mask.astype(np.float32), 2 * LAGS[1] + 1, axis=1, mode="constant") > 0.99
    return Repeats(np.where(observed, strength, 0).astype(np.float32), np.where(observed, best, 0).astype(np.float32))


def _mismatch(values: Table, lag: int, length: int) -> tuple[Table, Table]:
    """Return the least mean square of x(j) - (1 - f) x(j - lag) - f x(j - lag - 1) over `length` samples, and the f."""
    first = values - _delayed(values, lag)
    slope = _delayed(values, lag + 1) - _delayed(values, lag)
    square, cross, power = _trailing(first**2, length), _trailing(first * slope, length), _trailing(slope**2, length)
    share = np.clip(cross / np.maximum(power, 1e-12), 0, 1)
    return np.maximum(square - 2 * share * cross + share**2 * power, 0), share


def _variation(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return the variance of the `length` samples that end at each sample."""
    return np.maximum(_trailing(values**2, length) - _trailing(values, length) ** 2, 0)


def _delayed(values: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    return np.concatenate([np.repeat(values[:, :1], lag, axis=1), values[:, :-lag]], axis=1)[:, : values.shape[1]]


def _trailing(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return the mean of the `length` samples that end at each sample."""
    total = np.cumsum(np.pad(values, ((0, 0), (length, 0))), axis=1)
    return (total[:, length:] - total[:, :-length]) / length
