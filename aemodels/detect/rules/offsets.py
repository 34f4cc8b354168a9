"""Intervals that stand off by one amount: a jump from one sample to the next, and the same jump back.

References:
    Basseville, M. & Nikiforov, I. V. (1993), Detection of Abrupt Changes, Prentice-Hall, ch. 2 (likelihood ratios of a
    change in mean). Cauchy's law stands for steps of field logs, the tails of which are heavy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from aemodels.core.types import BoolArray, FloatArray, Section

Floats: TypeAlias = NDArray[np.float64]
LONGEST = 600  # samples, 90 m
_LEVEL = 20  # samples on either side of a jump that its level is told by; no interval is shorter
_SEEN = 5  # of them at least
_CALM_STEP, _CALM_LEVEL = 101, 401  # samples by which it is told how far readings and levels move anyway
_FLOOR_STEP, _FLOOR_LEVEL = 0.004, 0.01  # normalised units, what they move at least
_NEAR = 0.5  # share of the jump that a step may differ from it
_LEAST, _OUTSTANDING = 0.08, 8.0  # a jump of no known size: normalised units, and times what readings move anyway
_TOGETHER = 5.0  # times what its readings move anyway: where another curve moves as far, a bed begins
_ALIKE = 0.8  # of the greater of two jumps, what the lesser has at least


@dataclass(frozen=True, eq=False)
class Moves:
    """How one curve moves at each sample, and how it moves anyway.

    Args:
        step: float64[sample], the reading less the one before; 0 where either is missing.
        level: float64[sample], median of the 20 readings from here on, less that of the 20 before; 0 where few are.
        usual_step: float64[sample], robust standard deviation of steps around.
        usual_level: float64[sample], of levels.
        alone: bool[sample], no other curve moves far at the same depth.
    """

    step: Floats
    level: Floats
    usual_step: Floats
    usual_level: Floats
    alone: BoolArray

    @classmethod
    def of(cls, section: Section) -> tuple[Moves, ...]:
        """Those of each curve."""
        each = [cls._apart(*curve) for curve in zip(section.values, section.mask, strict=True)]
        far = np.stack([np.abs(moves.step) > _TOGETHER * moves.usual_step for moves in each])
        several = far.sum(axis=0) - far > 0
        return tuple(replace(moves, alone=~others) for moves, others in zip(each, several, strict=True))

    @classmethod
    def _apart(cls, values: FloatArray, observed: BoolArray) -> Moves:
        curve = pd.Series(np.where(observed, values, np.nan).astype(np.float64))
        step: Floats = np.asarray(curve.diff().fillna(0.0), dtype=np.float64)
        before = curve.rolling(_LEVEL, min_periods=_SEEN).median().shift(1)
        after = curve[::-1].rolling(_LEVEL, min_periods=_SEEN).median()[::-1]
        level: Floats = np.asarray((after - before).fillna(0.0), dtype=np.float64)
        usual_step, usual_level = _usual(step, _CALM_STEP) + _FLOOR_STEP, _usual(level, _CALM_LEVEL) + _FLOOR_LEVEL
        return cls(step, level, usual_step, usual_level, np.ones(step.shape, dtype=np.bool_))

    def speaks(self, at: NDArray[np.int64], jump: float) -> Floats:
        """Log-likelihood ratio of a jump at samples, against what the curve does anyway; both of Cauchy's law."""
        return _ratio(self.step[at], jump, self.usual_step[at]) + _ratio(self.level[at], jump, self.usual_level[at])


def known_offset(moves: Moves, jump: float) -> FloatArray:
    """How surely each sample lies in an interval that a known jump begins, and the opposite one ends.

    Args:
        moves: of the curve.
        jump: normalised units.

    Returns:
        float32[sample], the lesser log-likelihood ratio of the two ends; 0 = in none.
    """
    places = np.arange(moves.step.size)
    begins, ends = (_near(moves, side * jump, moves.speaks(places, side * jump)) for side in (1, -1))
    return _paired(begins, ends, moves.step.size, lambda first, last: min(begins[first], ends[last]))


def any_offset(moves: Moves) -> FloatArray:
    """The same for jumps of any size that stand out from how the curve moves, the two about as high as each other."""
    size, level = np.abs(moves.step), moves.level * np.sign(moves.step)
    outstanding = moves.alone & (size > np.maximum(_OUTSTANDING * moves.usual_step, _LEAST))
    outstanding &= np.abs(level - size) < _NEAR * size

    def surely(first: int, last: int) -> float:
        jump = (moves.step[first] - moves.step[last]) / 2
        if min(size[first], size[last]) < _ALIKE * max(size[first], size[last]):
            return 0.0
        ends = (moves.speaks(np.array([at]), side * jump)[0] for at, side in ((first, 1), (last, -1)))
        return float(min(ends))

    ups, downs = (np.where(outstanding & (side * moves.step > 0), 1.0, 0.0) for side in (1, -1))
    return np.maximum(_paired(ups, downs, size.size, surely), _paired(downs, ups, size.size, surely))


def _paired(begins: Floats, ends: Floats, samples: int, surely: Callable[[int, int], float]) -> FloatArray:
    """The surest interval that each sample lies in, of those between a sample of `begins` and one of `ends`."""
    out = np.zeros(samples, dtype=np.float32)
    last = np.flatnonzero(ends > 0)
    for first in np.flatnonzero(begins > 0):
        for end in last[(last - first >= _LEVEL) & (last - first <= LONGEST)]:
            inside = out[first:end]
            np.maximum(inside, np.float32(surely(int(first), int(end))), out=inside)
    return out


def _near(moves: Moves, jump: float, ratio: Floats) -> Floats:
    return np.where(moves.alone & (np.abs(moves.step - jump) < _NEAR * abs(jump)), np.maximum(ratio, 0), 0)


def _usual(moves: Floats, window: int) -> Floats:
    return np.asarray(1.4826 * median_filter(np.abs(moves), size=window, mode="nearest"))


def _ratio(moved: Floats, jump: float, usual: Floats) -> Floats:
    return np.asarray(np.log1p((moved / usual) ** 2) - np.log1p(((moved - jump) / usual) ** 2))
