"""Stretches of a curve that come twice in a row: what a splice of two depth references leaves at one of its ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, Section

LAGS = (4, 24)  # samples, 0.6-3.7 m at the usual spacing
Table: TypeAlias = NDArray[np.float64]
_NOISE = 1e-3  # normalised units: two readings of one depth agree no better
_SHORT = 5  # samples compared at least: shorter stretches repeat by chance


@dataclass(frozen=True, eq=False)
class Repeats:
    """How nearly the samples before each depth repeat those before them.

    Args:
        strength: float32[channel, sample], the logarithm (base 10) of how much smaller the difference is than the
            stretch's own variation; 0 = no repeat.
        lag: float32[channel, sample], samples from the stretch to its repeat, fractions among them.
    """

    strength: FloatArray
    lag: FloatArray


def repeats(section: Section) -> Repeats:
    """The best repeat that ends at each sample, at lags of LAGS samples and fractions of one.

    Moving a curve down by s repeats the s metres above the interval; moving it up repeats those below its base. A
    fraction of a sample is allowed for by the mixture of two neighbouring lags that fits best.
    """
    values = section.values.astype(np.float64)
    strength = np.zeros(values.shape)
    best = np.zeros(values.shape)
    for lag in range(*LAGS):
        length = max(lag, _SHORT)
        mismatch, share = _mismatch(values, lag, length)
        # a flat line repeats itself, and says nothing
        ratio = (mismatch + _NOISE**2) / (_variation(values, length) + _NOISE**2)
        found = -np.log10(np.clip(ratio, 1e-9, 1.0))
        found[:, : lag + length] = 0.0
        better = found > strength
        strength[better], best[better] = found[better], lag + share[better]
    seen = uniform_filter1d(section.mask.astype(np.float32), 2 * LAGS[1] + 1, axis=1, mode="constant") > 0.99
    return Repeats(np.where(seen, strength, 0).astype(np.float32), np.where(seen, best, 0).astype(np.float32))


def _mismatch(values: Table, lag: int, length: int) -> tuple[Table, Table]:
    """Mean square of x(j) - (1 - f) x(j - lag) - f x(j - lag - 1) over `length` samples with the best f, and that f."""
    first = values - _delayed(values, lag)
    slope = _delayed(values, lag + 1) - _delayed(values, lag)
    square, cross, own = _trailing(first**2, length), _trailing(first * slope, length), _trailing(slope**2, length)
    share = np.clip(cross / np.maximum(own, 1e-12), 0, 1)
    return np.maximum(square - 2 * share * cross + share**2 * own, 0), share


def _variation(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Variance of the `length` samples that end here."""
    return np.maximum(_trailing(values**2, length) - _trailing(values, length) ** 2, 0)


def _delayed(values: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    return np.concatenate([np.repeat(values[:, :1], lag, axis=1), values[:, :-lag]], axis=1)[:, : values.shape[1]]


def _trailing(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Mean of the `length` samples that end here."""
    total = np.cumsum(np.pad(values, ((0, 0), (length, 0))), axis=1)
    return (total[:, length:] - total[:, :-length]) / length
