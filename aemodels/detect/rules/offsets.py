"""Intervals offset by a constant: a step from one sample to the next, and the opposite step at the end.

References:
    Basseville, M. & Nikiforov, I. V. (1993), Detection of Abrupt Changes, Prentice-Hall, ch. 2 (likelihood ratios of a
    change in mean). Steps of field logs are modelled by a Cauchy distribution, because they have heavy tails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
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
_ROBUST = 1.4826  # standard deviation of a normal distribution in units of its median absolute deviation
_EDGES_AT_ONCE = 2000  # limits the memory of their surroundings
MIN_INSIDE_SHARE = 0.5  # of an interval in which the level is nearer to the jump than to that of the flanks


@dataclass(frozen=True, eq=False)
class Edges:
    """Steps of one curve at some samples, and the change of its level there.

    Args:
        at: int64[edge], samples.
        step: float64[edge], the reading less the one before.
        step_spread: float64[edge], robust standard deviation of the steps around.
        level: float64[edge], median of the 20 readings from here on, less that of the 20 before; 0 if there are few.
        level_spread: float64[edge], robust standard deviation of the level changes around.
    """

    at: NDArray[np.int64]
    step: Floats
    step_spread: Floats
    level: Floats
    level_spread: Floats

    def __getitem__(self, chosen: BoolArray | NDArray[np.int64]) -> Edges:
        return Edges(
            self.at[chosen], self.step[chosen], self.step_spread[chosen], self.level[chosen], self.level_spread[chosen]
        )

    def log_likelihood_ratio(self, jump: float | Floats) -> Floats:
        """Return the log-likelihood ratio of a jump at each edge to no jump, from step and level."""
        step = _cauchy_ratio(self.step, jump, self.step_spread)
        return step + _cauchy_ratio(self.level, jump, self.level_spread)


@dataclass(frozen=True, eq=False)
class StepStatistics:
    """Changes of one curve at each sample, and their usual size.

    Args:
        values: float64[sample], the readings, NaN where there is none.
        step: float64[sample], the reading less the one before; 0 if either is missing.
        step_spread: float64[sample], robust standard deviation of the steps around.
        ends: how medians go on beyond the ends, a mode of scipy.ndimage.
        only_this_curve: bool[sample], no other curve has a large step at the same depth.
        residual: float64[sample], running median of the curve less its prediction by the others, NaN where it has none;
            None = intervals are not checked inside.
    """

    values: Floats
    step: Floats
    step_spread: Floats
    ends: Literal["nearest", "reflect"]
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
        ends: Literal["nearest", "reflect"] = "nearest" if predicted is None else "reflect"
        each = [cls._of_curve(*curve, ends) for curve in zip(section.values, section.mask, strict=True)]
        if predicted is not None:
            inside = _smoothed_residuals(section, predicted)
            each = [replace(curve, residual=residual) for curve, residual in zip(each, inside, strict=True)]
        large = np.stack([np.abs(curve.step) > MAX_OTHER_CURVE_RATIO * curve.step_spread for curve in each])
        others = large.sum(axis=0) - large > 0
        return tuple(replace(curve, only_this_curve=~other) for curve, other in zip(each, others, strict=True))

    @classmethod
    def _of_curve(cls, values: FloatArray, observed: BoolArray, ends: Literal["nearest", "reflect"]) -> StepStatistics:
        curve = np.where(observed, values, np.nan).astype(np.float64)
        step: Floats = np.nan_to_num(np.diff(curve, prepend=np.nan), nan=0.0)
        spread = np.asarray(_ROBUST * median_filter(np.abs(step), size=BACKGROUND_WINDOW_STEP, mode=ends))
        return cls(curve, step, spread + MIN_STEP_SPREAD, ends, np.ones(step.shape, dtype=np.bool_))

    def edges(self, candidate: BoolArray) -> Edges:
        """Return the steps at some samples; levels are worked out there alone, which are few of a curve.

        Args:
            candidate: bool[sample].
        """
        at = np.flatnonzero(candidate)
        level, spread = np.zeros(at.size), np.zeros(at.size)
        for first in range(0, at.size, _EDGES_AT_ONCE):
            some = slice(first, first + _EDGES_AT_ONCE)
            level[some], spread[some] = self._levels(at[some])
        return Edges(at, self.step[at], self.step_spread[at], level, spread + MIN_LEVEL_SPREAD)

    def _levels(self, at: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Return the change of level at some samples, and its robust standard deviation around them."""
        samples, half = self.values.size, BACKGROUND_WINDOW_LEVEL // 2
        around = at[:, None] + np.arange(-half, half + 1)
        if self.ends == "nearest":
            around = np.clip(around, 0, samples - 1)
        else:  # (d c b a | a b c d | d c b a)
            around %= 2 * samples
            around = np.where(around >= samples, 2 * samples - 1 - around, around)
        needed = np.zeros(samples, dtype=np.bool_)
        needed[around] = True
        needed[at] = True
        level = np.zeros(samples)
        level[needed] = _level_changes(self.values, np.flatnonzero(needed))
        return level[at], _ROBUST * np.partition(np.abs(level)[around], half, axis=1)[:, half]


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
    size = np.abs(statistics.step)
    large = size > np.maximum(MIN_JUMP_RATIO * statistics.step_spread, MIN_JUMP)
    edges = statistics.edges(statistics.only_this_curve & large)
    height = np.abs(edges.step)
    edges = edges[np.abs(edges.level * np.sign(edges.step) - height) < MAX_STEP_MISMATCH * height]
    places = {int(at): number for number, at in enumerate(edges.at)}

    def evidence(first: int, last: int) -> float | Floats:
        jump = (statistics.step[first] - statistics.step[last]) / 2
        if min(size[first], size[last]) < MIN_EDGE_RATIO * max(size[first], size[last]):
            return 0.0
        both = edges[np.array([places[first], places[last]])]
        ratio = float(both.log_likelihood_ratio(np.array([jump, -jump])).min())
        return ratio * inside_support(statistics, first, last, jump)

    candidate = np.zeros(size.size, dtype=np.bool_)
    candidate[edges.at] = True
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
    close = statistics.only_this_curve & (np.abs(statistics.step - jump) < MAX_STEP_MISMATCH * abs(jump))
    edges = statistics.edges(close)
    ratio = np.maximum(edges.log_likelihood_ratio(jump), 0)
    if statistics.residual is not None:
        usual = np.maximum(MAX_LEVEL_MISMATCH * edges.level_spread, MAX_STEP_MISMATCH * abs(jump))
        ratio = np.where(np.abs(edges.level - jump) < usual, ratio, 0)
    out = np.zeros(statistics.step.size)
    out[edges.at] = ratio
    return out


def _level_changes(values: Floats, at: NDArray[np.int64]) -> Floats:
    """Return the median of the readings from each sample on less that of the readings before; 0 if there are few."""
    padded = np.pad(values, LEVEL_SAMPLES, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, LEVEL_SAMPLES)
    used = np.zeros(len(windows), dtype=np.bool_)
    used[at] = used[at + LEVEL_SAMPLES] = True
    medians = np.zeros(len(windows))
    medians[used] = _medians(windows[used])
    changes: Floats = np.nan_to_num(medians[at + LEVEL_SAMPLES] - medians[at], nan=0.0)
    return changes


def _medians(windows: Floats) -> Floats:
    """Return the median of the readings in each window [window, sample]; NaN if there are few."""
    ordered = np.sort(windows, axis=1)  # NaN come last
    count = LEVEL_SAMPLES - np.isnan(windows).sum(axis=1)
    rows, middle = np.arange(count.size), np.maximum(count - 1, 0)
    medians: Floats = (ordered[rows, middle // 2] + ordered[rows, (middle + 1) // 2]) / 2
    medians[count < MIN_LEVEL_SAMPLES] = np.nan
    return medians


def _cauchy_ratio(change: Floats, jump: float | Floats, spread: Floats) -> Floats:
    """Return the log-likelihood ratio of a Cauchy distribution about the jump to one about zero."""
    return np.asarray(np.log1p((change / spread) ** 2) - np.log1p(((change - jump) / spread) ** 2))
