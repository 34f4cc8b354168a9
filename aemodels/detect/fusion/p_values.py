"""Scores as p-values: how rarely an intact log scores as high."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import SpecError
from aemodels.core.types import FloatArray

_GRID = 400  # quantiles kept, evenly spaced in the logarithm of p
_TAIL = 2e-3  # share of the scores beyond which an exponential law takes over from counting
_MOST = 30.0  # decades: certain enough
_FEW = 50


@dataclass(frozen=True, eq=False)
class Surprise:
    """-log10 of the share of intact samples that score as high or higher.

    Counted up to a high quantile; beyond it, by an exponential law with the mean excess of the scores above it.

    References:
        Fisher (1932), Statistical Methods for Research Workers (combining -log p); Coles (2001), An Introduction to
        Statistical Modeling of Extreme Values, section 4 (the law of excesses; shape 0 is the exponential one).

    Args:
        levels: float64[grid], scores in ascending order.
        decades: float64[grid], -log10 p at each.
        scale: mean excess beyond the last level, in units of the scores.
    """

    levels: NDArray[np.float64]
    decades: NDArray[np.float64]
    scale: float

    def of(self, scores: FloatArray) -> FloatArray:
        """float32 of the same shape, 0 .. 30; NaN stays."""
        inside = np.interp(scores, self.levels, self.decades)
        beyond = np.maximum(scores - self.levels[-1], 0) / (self.scale * np.log(10))
        return np.where(np.isnan(scores), np.nan, np.minimum(inside + beyond, _MOST)).astype(np.float32)

    def packed(self) -> NDArray[np.float64]:
        """All of it in one array float64[grid + 1, 2]."""
        return np.vstack([np.column_stack([self.levels, self.decades]), [self.scale, 0.0]])


def unpack(array: NDArray[np.float64]) -> Surprise:
    """The inverse of Surprise.packed."""
    return Surprise(array[:-1, 0], array[:-1, 1], float(array[-1, 0]))


def fit_surprise(scores: Sequence[FloatArray]) -> Surprise:
    """From the scores of intact recordings, NaN = not scored.

    Raises:
        SpecError: if none is scored.
    """
    parts = [np.ravel(item).astype(np.float64) for item in scores]
    pooled = np.sort(np.concatenate(parts or [np.empty(0)]))
    pooled = pooled[np.isfinite(pooled)]
    if not pooled.size:
        raise SpecError("no intact sample was scored; expected validation sections to calibrate detectors on")
    least = max(_TAIL, min(0.5, _FEW / pooled.size))
    shares = np.geomspace(1.0, least, _GRID)
    levels = np.quantile(pooled, 1 - shares, method="lower")
    # of levels that coincide the first stands for all: so many samples score as high or higher
    levels, first = np.unique(levels, return_index=True)
    excess = pooled[pooled > levels[-1]] - levels[-1]
    usual = float(np.mean(excess)) if excess.size else 0.0
    scale = max(usual, 1e-3 * float(levels[-1] - levels[0]), 1e-9)
    return Surprise(levels, -np.log10(shares[first]), scale)
