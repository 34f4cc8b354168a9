"""Scores as p-values: the share of clean samples that score as high or higher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import SpecError
from aemodels.core.types import FloatArray
from aemodels.signal.piecewise_line import PiecewiseLine

_GRID = 400  # quantiles kept, evenly spaced in log p
_TAIL = 2e-3  # upper share of the scores that is modelled by an exponential law instead of being counted
_MAX_NEG_LOG10_P = 30.0
_MIN_TAIL_SCORES = 50
_HIGH = 0.99  # quantile of a recording's scores by which it is odd among others


@dataclass(frozen=True, eq=False)
class PValueScale:
    """A fitted scale from scores to -log10 p, p being the share of clean samples that score as high or higher.

    Empirical up to a high quantile; beyond it, an exponential law with the mean excess of the scores above it.

    References:
        Fisher (1932), Statistical Methods for Research Workers (combining -log p); Coles (2001), An Introduction to
        Statistical Modeling of Extreme Values, section 4 (law of excesses; shape 0 is the exponential one).

    Args:
        levels: float64[grid], scores in ascending order.
        neg_log10_p: float64[grid], -log10 p at each.
        scale: mean excess beyond the last level, in units of the scores.
    """

    levels: NDArray[np.float64]
    neg_log10_p: NDArray[np.float64]
    scale: float

    def transform(self, scores: FloatArray) -> FloatArray:
        """Return -log10 p, float32 of the same shape, 0 .. 30; NaN stays NaN."""
        exact = np.asarray(scores, dtype=np.float64)
        found = self._line(exact)
        # NaN is in no interval and stays NaN
        found += np.maximum(exact - self.levels[-1], 0) * (1 / (self.scale * np.log(10)))
        return np.minimum(found, _MAX_NEG_LOG10_P, out=found).astype(np.float32)

    @cached_property
    def _line(self) -> PiecewiseLine:
        return PiecewiseLine(self.levels, self.neg_log10_p)

    def weaker(self, divisor: float) -> PValueScale:
        """Return the scale whose -log10 p are those of this one divided by a positive number."""
        return PValueScale(self.levels, self.neg_log10_p / divisor, self.scale * divisor)

    def to_array(self) -> NDArray[np.float64]:
        """Return everything in one array float64[grid + 1, 2]."""
        return np.vstack([np.column_stack([self.levels, self.neg_log10_p]), [self.scale, 0.0]])

    @classmethod
    def from_array(cls, array: NDArray[np.float64]) -> PValueScale:
        """Return the scale of an array from `to_array`."""
        return cls(array[:-1, 0], array[:-1, 1], float(array[-1, 0]))


def fit_p_values(scores: Sequence[FloatArray], odd_share: float = 0.0) -> PValueScale:
    """Fit the scale to the scores of clean recordings, NaN = not scored.

    Args:
        scores: of each recording.
        odd_share: share of the recordings that is left out, those with the highest 99th percentiles: one odd well of
            twenty, or one with faults of its own, would otherwise decide the tail.

    Raises:
        SpecError: if nothing is scored.
    """
    scores = _without_odd(scores, odd_share)
    parts = [np.ravel(item).astype(np.float64) for item in scores]
    pooled = np.sort(np.concatenate(parts or [np.empty(0)]))
    pooled = pooled[np.isfinite(pooled)]
    if not pooled.size:
        raise SpecError("no clean sample was scored; expected validation sections to calibrate detectors on")
    smallest = max(_TAIL, min(0.5, _MIN_TAIL_SCORES / pooled.size))
    shares = np.geomspace(1.0, smallest, _GRID)
    levels = np.quantile(pooled, 1 - shares, method="lower")
    # of equal levels the first is kept: its share counts all samples that score as high or higher
    levels, first = np.unique(levels, return_index=True)
    excess = pooled[pooled > levels[-1]] - levels[-1]
    mean_excess = float(np.mean(excess)) if excess.size else 0.0
    scale = max(mean_excess, 1e-3 * float(levels[-1] - levels[0]), 1e-9)
    return PValueScale(levels, -np.log10(shares[first]), scale)


def _without_odd(scores: Sequence[FloatArray], share: float) -> list[FloatArray]:
    """Return the recordings without a share of those with the highest 99th percentiles; at least one is kept."""
    known = [item for item in scores if np.isfinite(item).any()]
    high = [float(np.nanquantile(item, _HIGH)) for item in known]
    kept = max(1, len(known) - int(share * len(known)))
    return [known[number] for number in np.argsort(high, kind="stable")[:kept]]
