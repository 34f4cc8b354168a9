"""Repeated intervals: curve readings that occur twice in a row, as at one end of a depth-shifted interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, Section
from aemodels.signal.window_sums import WindowSums

LAGS = (4, 24)  # samples, 0.6-3.7 m at the usual spacing
Table: TypeAlias = NDArray[np.float64]
_NOISE = 1e-3  # normalised units, assumed difference of two readings of one depth
_MIN_RATIO = 1e-9  # of the difference to the variance: limits the strength
_AHEAD = 2 * LAGS[1] + 1  # samples: the longest interval and its repeat
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
    lags, spread = _Lags.of(section.values), _Spread.of_nothing(section.values)
    lowest = np.ones(section.values.shape, dtype=np.float32)
    best = np.zeros_like(lowest)
    for lag in range(*LAGS):
        length = max(lag, _MIN_LENGTH)
        spread.extend(length)
        ratio, share = lags.mismatch(lag, length)
        ratio += np.float32(_NOISE**2)
        # a flat line repeats itself, but has no variance
        ratio /= spread.variance() + np.float32(_NOISE**2)
        np.maximum(ratio, np.float32(_MIN_RATIO), out=ratio)
        ratio[:, : lag + length] = 1.0
        share += np.float32(lag)
        share -= best
        share *= ratio < lowest  # several times as fast as a copy where it is
        best += share
        np.minimum(lowest, ratio, out=lowest)
    observed = uniform_filter1d(section.mask.astype(np.float32), 2 * LAGS[1] + 1, axis=1, mode="constant") > 0.99
    return Repeats(np.where(observed, -np.log10(lowest), 0), np.where(observed, best, 0))


@dataclass
class _Spread:
    """Sums of the values, and of their squares over the `length` samples that end at each sample.

    In double precision, as the variance of a nearly flat curve is a small difference of large numbers.

    Args:
        values: float64[channel, sample].
        length: samples.
        plain, squares: sums, float64[channel, sample]; values before the first sample count as 0.
    """

    values: Table
    length: int
    plain: Table
    squares: Table

    @classmethod
    def of_nothing(cls, values: FloatArray) -> _Spread:
        """Return the sums over no sample."""
        exact = values.astype(np.float64)
        return cls(exact, 0, np.zeros(exact.shape), np.zeros(exact.shape))

    def extend(self, length: int) -> None:
        """Make the windows longer."""
        for delay in range(self.length, min(length, self.values.shape[1])):  # a well may be shorter than a window
            earlier = self.values[:, : self.values.shape[1] - delay]
            self.plain[:, delay:] += earlier
            self.squares[:, delay:] += earlier**2
        self.length = length

    def variance(self) -> FloatArray:
        """Return the variance of the samples of each window, float32[channel, sample]."""
        found = self.squares / self.length
        found -= (self.plain / self.length) ** 2
        return np.maximum(found, 0, out=found).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Lags:
    """Values and their differences from the one before, float32[channel, _AHEAD + sample].

    Before the first sample its value continues, so that differences are 0 there.

    Args:
        values, slopes: as said.
        slope_power: sums of the squared slopes.
        square, cross: sums of squared differences at the present lag, and of those times slopes; changed by `mismatch`.
    """

    values: FloatArray
    slopes: FloatArray
    slope_power: WindowSums
    square: WindowSums
    cross: WindowSums

    @classmethod
    def of(cls, values: FloatArray) -> _Lags:
        """Prepare the values of a section, float32[channel, sample]."""
        ahead = np.pad(values.astype(np.float32), ((0, 0), (_AHEAD, 0)), mode="edge")
        slopes = -np.diff(ahead, axis=1, prepend=ahead[:, :1])
        longest, size = LAGS[1], (len(values), values.shape[1] + LAGS[1])
        square, cross = (WindowSums.up_to(longest, np.zeros(size, dtype=np.float32)) for _ in range(2))
        return cls(ahead, slopes, WindowSums.up_to(longest, slopes**2), square, cross)

    def mismatch(self, lag: int, length: int) -> tuple[FloatArray, FloatArray]:
        """Return the least mean square of x(j) - (1 - f) x(j - lag) - f x(j - lag - 1), and f.

        Args:
            lag: samples.
            length: number of samples j, which end at each sample; zeros before the first one.

        Returns:
            float32[channel, sample] each.
        """
        first, product = self.square.doubled[0], self.cross.doubled[0]
        start = self.values.shape[1] - first.shape[1]
        delayed = slice(start - lag, self.values.shape[1] - lag)
        np.subtract(self.values[:, start:], self.values[:, delayed], out=first)
        np.multiply(first, self.slopes[:, delayed], out=product)
        np.multiply(first, first, out=first)
        self.square.update()
        self.cross.update()
        square, cross, power = (np.empty_like(first[:, LAGS[1] :]) for _ in range(3))
        begin = LAGS[1] + 1 - length
        self.square.over(begin, length, square)
        self.cross.over(begin, length, cross)
        self.slope_power.over(start - lag + begin, length, power)
        share = np.asarray(np.clip(cross / np.maximum(power, np.float32(1e-12 * length)), 0, 1), dtype=np.float32)
        power *= share
        cross *= np.float32(2)
        power -= cross
        power *= share
        square += power
        square *= np.float32(1 / length)
        return np.maximum(square, 0, out=square), share
