"""Bootstrap intervals of means over wells or line sections; exact for small numbers of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError

# Up to this many values all distinct resamples are enumerated (6435 for 8 values); for more, DRAWS are drawn.
MAX_EXACT = 8
DRAWS = 10_000
SEED = 20
# With this few pairs, unanimous agreement occurs by chance more than once in twenty (2 ** -4 = 6 %), so that no test at
# 5 % can be passed; unanimous agreement is required instead.
MAX_UNANIMOUS_PAIRS = 4
# Differences of gain smaller than this are ties: one split, one seed (see the measured baselines).
TIE_DB = 0.1

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ConfidenceInterval:
    """A mean over wells with its percentile bootstrap interval; low = high = mean for a single well."""

    mean: float
    low: float
    high: float
    level: float
    count: int


@dataclass(frozen=True)
class PairedComparison:
    """Result of comparing two methods well by well.

    Args:
        margin: mean difference, ours minus theirs, dB.
        low: lower end of the bootstrap interval of `margin`, dB.
        high: upper end, dB.
        count: pairs.
        ahead: number of pairs in which ours is ahead.
        rule: criterion applied: "bootstrap", "all ahead" or "one pair".
        passed: True if ours is ahead by more than noise according to the rule.
    """

    margin: float
    low: float
    high: float
    count: int
    ahead: int
    rule: str
    passed: bool

    @property
    def chance(self) -> float:
        """Probability that ours is ahead in all pairs if neither method is better: 2 ** -count."""
        return float(0.5**self.count)


def resampled_means(values: Sequence[float]) -> tuple[Floats, Floats]:
    """Return the means of all resamples with replacement, and their probabilities.

    Up to MAX_EXACT values these are all distinct resamples with their multinomial probabilities (Efron & Tibshirani
    1993, An Introduction to the Bootstrap, section 6.2); for more values, DRAWS seeded draws of equal probability.

    Args:
        values: one per well, finite.

    Returns:
        Means in ascending order, and probabilities that sum to 1.

    Raises:
        DataError: if there is no value, or one is not finite.

    >>> means, probabilities = resampled_means([1.0, 3.0])
    >>> means.tolist(), probabilities.tolist()
    ([1.0, 2.0, 3.0], [0.25, 0.5, 0.25])
    """
    data = np.asarray(values, dtype=np.float64)
    if not data.size or not np.isfinite(data).all():
        raise DataError(f"bootstrap over {data.tolist()}; expected at least one value, all finite")
    counts, probabilities = resample_counts(data.size)
    means = counts @ data / data.size
    order = np.argsort(means, kind="stable")
    return means[order], probabilities[order]


def mean_interval(values: Sequence[float], *, level: float = 0.95) -> ConfidenceInterval:
    """Return the mean over wells with its percentile bootstrap interval.

    Args:
        values: one per well, finite.
        level: share of the resamples inside, e.g. 0.95.
    """
    means, probabilities = resampled_means(values)
    low, high = _quantiles(means, probabilities, level)
    return ConfidenceInterval(float(np.mean(values)), low, high, level, len(values))


def compare_pairs(ours: Sequence[float], theirs: Sequence[float], *, level: float = 0.9) -> PairedComparison:
    """Test if ours is ahead of theirs by more than noise, pair by pair.

    With more than MAX_UNANIMOUS_PAIRS pairs, the lower end of the bootstrap interval of the mean difference must be
    above zero; at the level 0.9 that is a one-sided test at 5 %. Two to MAX_UNANIMOUS_PAIRS pairs are too few for such
    a test, and every pair must be ahead (see `PairedComparison.chance`). A single pair must be ahead by more than
    TIE_DB.

    Args:
        ours: gains in dB, one per well.
        theirs: gains of the other method in the same wells, in the same order.
        level: of the interval.

    Raises:
        DataError: if the two are not of the same length.
    """
    if len(ours) != len(theirs):
        raise DataError(f"{len(ours)} gains against {len(theirs)}; expected one of each for every well")
    differences = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    interval = mean_interval(differences.tolist(), level=level)
    ahead = int((differences > 0).sum())
    if differences.size == 1:
        rule, passed = "one pair", interval.mean > TIE_DB
    elif differences.size <= MAX_UNANIMOUS_PAIRS:
        rule, passed = "all ahead", ahead == differences.size
    else:
        rule, passed = "bootstrap", interval.low > 0
    return PairedComparison(interval.mean, interval.low, interval.high, differences.size, ahead, rule, bool(passed))


def resample_counts(size: int) -> tuple[Floats, Floats]:
    """Return how often each well occurs in each resample with replacement, and the probabilities of the resamples.

    Args:
        size: number of wells.

    Returns:
        float64[resample, well] whose rows sum to `size`, and float64[resample].
    """
    if size > MAX_EXACT:
        picks = np.random.default_rng(SEED).integers(0, size, (DRAWS, size))
        counts = np.stack([np.bincount(pick, minlength=size) for pick in picks])
        return counts.astype(np.float64), np.full(DRAWS, 1.0 / DRAWS)
    counted = [np.bincount(picks, minlength=size) for picks in combinations_with_replacement(range(size), size)]
    ways = [math.factorial(size) / math.prod(math.factorial(int(count)) for count in counts) for counts in counted]
    return np.stack(counted).astype(np.float64), np.array(ways) / size**size


def percentile_interval(values: Floats, probabilities: Floats, *, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of a statistic of the resamples; resamples without one (NaN) are left out.

    Args:
        values: float64[resample], the statistic.
        probabilities: float64[resample], from `resample_counts`.
        level: share of the resamples inside.
    """
    known = np.isfinite(values)
    if not known.any():
        return float("nan"), float("nan")
    order = np.argsort(values[known], kind="stable")
    weights = probabilities[known][order]
    return _quantiles(values[known][order], weights / weights.sum(), level)


def ratio_interval(hits: Sequence[float], totals: Sequence[float], *, level: float = 0.95) -> ConfidenceInterval:
    """Return a pooled share with its bootstrap interval over wells: all hits over all totals of the wells drawn.

    Args:
        hits: one per well.
        totals: one per well; wells with a total of zero are left out.
        level: of the interval.

    >>> ratio_interval([1, 3], [2, 4]).mean
    0.6666666666666666
    """
    numerators, denominators = np.asarray(hits, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    numerators, denominators = numerators[denominators > 0], denominators[denominators > 0]
    if not denominators.size:
        return ConfidenceInterval(float("nan"), float("nan"), float("nan"), level, 0)
    counts, probabilities = resample_counts(denominators.size)
    low, high = percentile_interval((counts @ numerators) / (counts @ denominators), probabilities, level=level)
    return ConfidenceInterval(float(numerators.sum() / denominators.sum()), low, high, level, denominators.size)


def _quantiles(means: Floats, probabilities: Floats, level: float) -> tuple[float, float]:
    """Return both ends of the central interval: the inverse of the distribution function at both tails."""
    reached = np.cumsum(probabilities)
    tail = (1 - level) / 2
    indices = np.searchsorted(reached, [tail + 1e-12, 1 - tail - 1e-12])
    low, high = means[np.minimum(indices, means.size - 1)]
    return float(low), float(high)
