"""Repeated intervals: curve readings that occur twice in a row, as at one end of a depth-shifted interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, Section
from aemodels.signal.running_total import running_total

LAGS = (4, 24)  # samples, 0.6-3.7 m at the usual spacing
Table: TypeAlias = NDArray[np.float64]
_NOISE = 1e-3  # normalised units, assumed difference of two readings of one depth
_MIN_RATIO = 1e-9  # of the difference to the variance: limits the strength
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
    lags = _LagSums.at(values, LAGS[0])
    plain, squares = running_total(values), running_total(values**2)
    lowest = np.ones(values.shape)
    best = np.zeros(values.shape)
    for lag in range(*LAGS):
        length = max(lag, _MIN_LENGTH)
        mismatch, share = lags.mismatch(length)
        variance = np.maximum(_trailing(squares, length) - _trailing(plain, length) ** 2, 0)
        # a flat line repeats itself, but has no variance
        ratio = np.maximum((mismatch + _NOISE**2) / (variance + _NOISE**2), _MIN_RATIO)
        ratio[:, : lag + length] = 1.0
        np.copyto(best, lag + share, where=ratio < lowest)
        np.minimum(lowest, ratio, out=lowest)
        lags = lags.following(values)
    observed = uniform_filter1d(section.mask.astype(np.float32), 2 * LAGS[1] + 1, axis=1, mode="constant") > 0.99
    strength = -np.log10(lowest)
    return Repeats(np.where(observed, strength, 0).astype(np.float32), np.where(observed, best, 0).astype(np.float32))


@dataclass(frozen=True, eq=False)
class _LagSums:
    """Running totals of products of the difference x(j) - x(j - lag) and the slope x(j - lag - 1) - x(j - lag).

    Args:
        lag: in samples.
        square, cross, power: of the difference squared, difference times slope, and slope squared,
            float64[channel, sample + 1].
    """

    lag: int
    square: Table
    cross: Table
    power: Table

    @classmethod
    def at(cls, values: Table, lag: int) -> _LagSums:
        """Return the totals at one lag."""
        first, slope = cls._differences(values, lag)
        return cls(lag, running_total(first**2), running_total(first * slope), running_total(slope**2))

    def following(self, values: Table) -> _LagSums:
        """Return the totals at the next lag, whose difference is this one's less its slope."""
        first, slope = self._differences(values, self.lag + 1)
        # the slope at the next lag is this one's, one sample later
        power = np.concatenate([np.zeros_like(self.power[:, :1]), self.power[:, :-1]], axis=1)
        return _LagSums(self.lag + 1, self.square - 2 * self.cross + self.power, running_total(first * slope), power)

    def mismatch(self, length: int) -> tuple[Table, Table]:
        """Return the least mean square of x(j) - (1 - f) x(j - lag) - f x(j - lag - 1) over `length` samples, and f."""
        square, cross, power = (_trailing(totals, length) for totals in (self.square, self.cross, self.power))
        share = np.clip(cross / np.maximum(power, 1e-12), 0, 1)
        return np.maximum(square - 2 * share * cross + share**2 * power, 0), share

    @staticmethod
    def _differences(values: Table, lag: int) -> tuple[Table, Table]:
        here = _delayed(values, lag)
        return values - here, _delayed(values, lag + 1) - here


def _delayed(values: Table, lag: int) -> Table:
    return np.concatenate([np.repeat(values[:, :1], lag, axis=1), values[:, :-lag]], axis=1)[:, : values.shape[1]]


def _trailing(totals: Table, length: int) -> Table:
    """Return the mean of the `length` samples that end at each sample, zeros before the first."""
    out = totals[:, 1:].copy()
    out[:, length - 1 :] -= totals[:, : totals.shape[1] - length]
    out /= length
    return out
