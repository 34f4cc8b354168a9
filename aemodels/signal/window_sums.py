"""Sums over windows of any length, by doubling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.core.types import FloatArray


@dataclass(frozen=True, eq=False)
class WindowSums:
    """Sums of 1, 2, 4 and more values in a row, from which the sum over any window takes a few additions.

    Faster than differences of a running total, which has to wait for each addition, and without their loss of digits.

    Args:
        doubled: the k-th has the sum of 2 ** k values from each sample on, float32[channel, sample - 2 ** k + 1].
    """

    doubled: Sequence[FloatArray]

    @classmethod
    def up_to(cls, longest: int, values: FloatArray) -> WindowSums:
        """Prepare windows of up to `longest` samples of some values, float32[channel, sample], which are kept."""
        channels, samples = values.shape
        sizes = [max(samples + 1 - (1 << power), 0) for power in range(1, longest.bit_length())]
        sums = cls([values, *(np.empty((channels, size), dtype=values.dtype) for size in sizes)])
        sums.update()
        return sums

    def update(self) -> None:
        """Work out the sums of changed values: faster than new sums, whose memory the system has to clear first."""
        for power, out in enumerate(self.doubled[1:]):
            half, last = 1 << power, self.doubled[power]
            np.add(last[:, : out.shape[1]], last[:, half : half + out.shape[1]], out=out)

    def over(self, first: int, length: int, out: FloatArray) -> FloatArray:
        """Return the sums over windows of `length` samples; the first one begins at sample `first`.

        >>> WindowSums.up_to(3, np.array([[1.0, 2.0, 3.0, 4.0]])).over(0, 3, np.empty((1, 2))).tolist()
        [[6.0, 9.0]]

        Args:
            first: sample.
            length: samples, at least 1 and at most those prepared for.
            out: float32[channel, window], for the sums.
        """
        used = [power for power in reversed(range(length.bit_length())) if length >> power & 1]
        for number, power in enumerate(used):
            part = self.doubled[power][:, first : first + out.shape[1]]
            np.add(part, out if number else 0, out=out)
            first += 1 << power
        return out
