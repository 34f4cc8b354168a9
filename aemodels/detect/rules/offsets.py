"""Intervals offset by a constant: a step from one sample to the next, and the opposite step at the end.

References:
    Basseville, M. & Nikiforov, I. V. (1993), Detection of Abrupt Changes, Prentice-Hall, ch. 2 (likelihood ratios of a
    change in mean). Steps of field logs are modelled by a Cauchy distribution, because they have heavy tails.
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
from aemodels.signal.running_median import running_median

Floats: TypeAlias = NDArray[np.float64]
MAX_SAMPLES = 600  # length of an interval, 90 m
LEVEL_SAMPLES = 20  # samples on each side used to estimate the level; also the minimum length of an interval
MIN_LEVEL_SAMPLES = 5  # of them observed
BACKGROUND_WINDOW_STEP, BACKGROUND_WINDOW_LEVEL = 101, 401  # samples over which usual steps and levels are estimated
MIN_STEP_SPREAD, MIN_LEVEL_SPREAD = 0.004, 0.01  # normalised units, added to the spreads
MAX_STEP_MISMATCH = 0.5  # share of the jump by which a step or a level may differ from it
MAX_LEVEL_MISMATCH = 3.0  # robust standard deviations by which the level may differ from a jump of known size
MIN_JUMP, MIN_JUMP_RATIO = 0.08, 8.0  # of a jump of unknown size: in normalised units, and in units of the step spread
MAX_OTHER_CURVE_RATIO = 5.0  # step of another curve in units of its spread: above it, a bed boundary
MIN_EDGE_RATIO = 0.8  # of the smaller jump to the larger one
INSIDE_WINDOW = 31  # samples of the running median by which the inside of an interval is compared with its flanks
FLANK_SAMPLES = 60  # on each side of an interval
MIN_INSIDE_SHARE = 0.5  # of an interval in which the level is nearer to the jump than to that of the flanks


@dataclass(frozen=True, eq=False)
class StepStatistics:
    """Changes of one curve at each sample, and their usual size.

    Args:
        step: float64[sample], the reading less the one before; 0 if either is missing.
        level: float64[sample], median of the 20 readings from here on, less that of the 20 before; 0 if there are few.
        step_spread: float64[sample], robust standard deviation of the steps around.
        level_spread: float64[sample], the same of the level changes.
        only_this_curve: bool[sample], no other curve has a large step at the same depth.
        residual: float64[sample], running median of the curve less its prediction by the others, NaN where it has none;
            None = intervals are not checked inside.
    """

    step: Floats
    level: Floats
    step_spread: Floats
    level_spread: Floats
    only_this_curve: BoolArray
    residual: Floats | None = None

    @classmethod
    def from_section(cls, section: Section, predicted: FloatArray | None = None) -> tuple[StepStatistics, ...]:
        """Return the statistics of each curve.

        Args:
            section: normalised curves.
            predicted: float32[curve, sample] by the other curves; None = intervals are not checked inside.
        """
        # bundles of version 0.1 repeat the first step, which is 0, before the beginning of a well
        ends = "nearest" if predicted is None else "reflect"
        each = [cls._of_curve(*curve, ends) for curve in zip(section.values, section.mask, strict=True)]
        if predicted is not None:
            inside = _smoothed_residuals(section, predicted)
            each = [replace(curve, residual=residual) for curve, residual in zip(each, inside, strict=True)]
        large = np.stack([np.abs(curve.step) > MAX_OTHER_CURVE_RATIO * curve.step_spread for curve in each])
        others = large.sum(axis=0) - large > 0
        return tuple(replace(curve, only_this_curve=~other) for curve, other in zip(each, others, strict=True))

    @classmethod
    def _of_curve(cls, values: FloatArray, observed: BoolArray, ends: str) -> StepStatistics:
        curve = pd.Series(np.where(observed, values, np.nan).astype(np.float64))
        step: Floats = np.asarray(curve.diff().fillna(0.0), dtype=np.float64)
        # one median per window: that of the readings from here on is that of the readings before, 20 samples further on
        padded = curve.reindex(range(len(curve) + LEVEL_SAMPLES - 1))
        medians = padded.rolling(LEVEL_SAMPLES, min_periods=MIN_LEVEL_SAMPLES).median().to_numpy()
        before = np.concatenate([[np.nan], medians[: len(curve) - 1]])
        level: Floats = np.nan_to_num(medians[LEVEL_SAMPLES - 1 :] - before, nan=0.0)
        step_spread = _spread(step, BACKGROUND_WINDOW_STEP, ends) + MIN_STEP_SPREAD
        level_spread = _spread(level, BACKGROUND_WINDOW_LEVEL, ends) + MIN_LEVEL_SPREAD
        return cls(step, level, step_spread, level_spread, np.ones(step.shape, dtype=np.bool_))

    def log_likelihood_ratio(self, at: NDArray[np.int64], jump: float) -> Floats:
        """Return the log-likelihood ratio of a jump at some samples to no jump, from step and level."""
        step = _cauchy_ratio(self.step[at], jump, self.step_spread[at])
        return step + _cauchy_ratio(self.level[at], jump, self.level_spread[at])


def known_step_interval(statistics: StepStatistics, jump: float) -> FloatArray:
    """Return the evidence that each sample lies in an interval between a jump of known size and the opposite one.

    Args:
        statistics: of the curve.
        jump: normalised units.

    Returns:
        float32[sample], the lesser log-likelihood ratio of the two edges; 0 = in no interval.
    """
    samples = statistics.step.size
    begins, ends = (_edge_ratio(statistics, sign * jump) for sign in (1, -1))

    def evidence(first: int, last: int) -> float | Floats:
        return float(min(begins[first], ends[last])) * inside_support(statistics, first, last, jump)

    return _between(begins, ends, samples, evidence)


def step_interval(statistics: StepStatistics, max_samples: int = MAX_SAMPLES) -> FloatArray:
    """Return the same evidence for jumps of unknown size, well above the usual steps and similar at both edges.

    Args:
        statistics: of the curve.
        max_samples: maximum length of an interval.
    """
    size, level = np.abs(statistics.step), statistics.level * np.sign(statistics.step)
    candidate = statistics.only_this_curve & (size > np.maximum(MIN_JUMP_RATIO * statistics.step_spread, MIN_JUMP))
    candidate &= np.abs(level - size) < MAX_STEP_MISMATCH * size

    def evidence(first: int, last: int) -> float | Floats:
        jump = (statistics.step[first] - statistics.step[last]) / 2
        if min(size[first], size[last]) < MIN_EDGE_RATIO * max(size[first], size[last]):
            return 0.0
        edges = ((first, 1), (last, -1))
        ratio = float(min(statistics.log_likelihood_ratio(np.array([at]), sign * jump)[0] for at, sign in edges))
        return ratio * inside_support(statistics, first, last, jump)

    ups, downs = (np.where(candidate & (sign * statistics.step > 0), 1.0, 0.0) for sign in (1, -1))
    return np.maximum(
        _between(ups, downs, size.size, evidence, max_samples), _between(downs, ups, size.size, evidence, max_samples)
    )


def inside_support(statistics: StepStatistics, first: int, last: int, jump: float) -> float | Floats:
    """Return how well the inside of an interval agrees with a jump at its ends, 0 .. 1.

    The residual from the prediction by the other curves must lie nearer to the level of the flanks plus the jump than
    to that of the flanks, over half of the interval: else bed boundaries that happen to face each other would decide
    all that lies between them.

    Args:
        statistics: of the curve.
        first: first sample of the interval.
        last: its exclusive end.
        jump: at its beginning, normalised units; the opposite one at its end.

    Returns:
        float64[sample of the interval], 1 = the level is that of the jump; 0 if the interval as a whole is not
        supported, or nothing predicts the curve; 1 if intervals are not checked inside.
    """
    residual = statistics.residual
    if residual is None:
        return 1.0
    half = INSIDE_WINDOW // 2  # closer to an end, the running median still sees the other side of it
    outside = np.concatenate(
        [residual[max(first - FLANK_SAMPLES, 0) : max(first - half, 0)], residual[last + half : last + FLANK_SAMPLES]]
    )
    inside = residual[first:last]
    if last - first > 2 * half + 1:
        inside = np.pad(inside[half:-half], half, mode="edge")
    outside = outside[np.isfinite(outside)]
    if not outside.size:
        return 0.0
    share = np.nan_to_num((inside - np.median(outside)) / jump, nan=0.0)
    support: Floats = np.clip(4 * share - 1, 0, 1)  # none up to a quarter of the jump, full from half of it
    return support if np.mean(share > 0.5) >= MIN_INSIDE_SHARE else 0.0


def _smoothed_residuals(section: Section, predicted: FloatArray) -> Floats:
    """Return the running median of each residual, float64[curve, sample]; NaN where no other curve is observed."""
    residual = np.where(section.mask, section.values - predicted, 0.0).astype(np.float64)
    smooth = running_median(residual, INSIDE_WINDOW)
    observed = section.mask.sum(axis=0, keepdims=True) - section.mask > 0
    return np.where(section.mask & observed, smooth, np.nan)


def _between(
    begins: Floats,
    ends: Floats,
    samples: int,
    evidence: Callable[[int, int], float | Floats],
    max_samples: int = MAX_SAMPLES,
) -> FloatArray:
    """Return the highest evidence of the intervals, from a sample of `begins` to one of `ends`, around each sample."""
    out = np.zeros(samples, dtype=np.float32)
    last = np.flatnonzero(ends > 0)
    for first in np.flatnonzero(begins > 0):
        for end in last[(last - first >= LEVEL_SAMPLES) & (last - first <= max_samples)]:
            inside = out[first:end]
            np.maximum(inside, np.asarray(evidence(int(first), int(end)), dtype=np.float32), out=inside)
    return out


def _edge_ratio(statistics: StepStatistics, jump: float) -> Floats:
    """Return the log-likelihood ratio of a jump at each sample whose step is close to it; 0 elsewhere.

    Where intervals are checked inside, the level has to change by the jump too: one step of a bed boundary that takes
    several can have any size.
    """
    ratio = statistics.log_likelihood_ratio(np.arange(statistics.step.size), jump)
    close = statistics.only_this_curve & (np.abs(statistics.step - jump) < MAX_STEP_MISMATCH * abs(jump))
    if statistics.residual is not None:
        usual = np.maximum(MAX_LEVEL_MISMATCH * statistics.level_spread, MAX_STEP_MISMATCH * abs(jump))
        close &= np.abs(statistics.level - jump) < usual
    return np.where(close, np.maximum(ratio, 0), 0)


def _spread(changes: Floats, window: int, ends: str) -> Floats:
    return np.asarray(1.4826 * median_filter(np.abs(changes), size=window, mode=ends))


def _cauchy_ratio(change: Floats, jump: float, spread: Floats) -> Floats:
    """Return the log-likelihood ratio of a Cauchy distribution about the jump to one about zero."""
    return np.asarray(np.log1p((change / spread) ** 2) - np.log1p(((change - jump) / spread) ** 2))
