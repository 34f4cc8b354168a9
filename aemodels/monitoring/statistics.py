"""Distances between distributions given by counts in common bins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

from aemodels.core.types import AxisArray

PSI_BINS = 10
PSI_FLOOR = 1e-4  # minimum share of a bin; PSI is undefined for empty bins


def psi(now: NDArray[np.floating], reference: NDArray[np.floating]) -> AxisArray:
    """Return the population stability index, the sum over bins of (p - q) ln(p / q).

    Args:
        now: counts [..., bin].
        reference: counts [..., bin] in the same bins.

    Returns:
        float64[...]; NaN if either side is empty.

    >>> round(float(psi(np.array([50, 50]), np.array([20, 80]))), 4)
    0.4159
    """
    p, q = _shares(now), _shares(reference)
    fewest = np.minimum(np.sum(now, axis=-1, keepdims=True), np.sum(reference, axis=-1, keepdims=True))
    # an empty bin counts as half a value
    floor = np.clip(0.5 / np.maximum(fewest, 1.0), PSI_FLOOR, 0.1)
    p, q = np.maximum(p, floor), np.maximum(q, floor)
    return np.asarray(np.sum((p - q) * np.log(p / q), axis=-1))


def ks_distance(now: NDArray[np.floating], reference: NDArray[np.floating]) -> AxisArray:
    """Return the Kolmogorov-Smirnov distance, the largest difference of the cumulative shares at the bin edges.

    >>> float(ks_distance(np.array([1, 0, 1]), np.array([0, 1, 1])))
    0.5
    """
    difference = np.cumsum(_shares(now), axis=-1) - np.cumsum(_shares(reference), axis=-1)
    return np.asarray(np.abs(difference).max(axis=-1))


def cohen_h(now: NDArray[np.floating], reference: NDArray[np.floating]) -> AxisArray:
    """Return Cohen's h, a difference of two rates in which 1 to 2 % is a larger change than 41 to 42 %."""
    return np.asarray(2.0 * np.abs(np.arcsin(np.sqrt(now)) - np.arcsin(np.sqrt(reference))))


def rates_noise(now: float, reference: float) -> float:
    """Return the standard error of Cohen's h for two rates over n and m independent rows: sqrt(1/n + 1/m)."""
    return float(np.sqrt(1.0 / now + 1.0 / reference))


def coarse(counts: NDArray[np.floating], reference: NDArray[np.floating], bins: int = PSI_BINS) -> AxisArray:
    """Merge fine bins into about `bins` bins of equal reference share: [..., fine] → float64[..., coarse]."""
    shares = np.nan_to_num(_shares(reference))
    middle = np.cumsum(shares) - shares / 2
    _, first = np.unique(np.minimum((middle * bins).astype(int), bins - 1), return_index=True)
    return np.asarray(np.add.reduceat(np.asarray(counts, dtype=np.float64), first, axis=-1))


def missing_files_p_value(lacking: int, files: int, lacking_before: int, groups: int) -> float:
    """Return the probability that at least `lacking` of `files` files lack a curve that `lacking_before` groups lacked.

    Beta-binomial distribution with Jeffreys' prior: a single well without the curve is not significant, three are.

    Args:
        lacking: new files without the curve.
        files: new files.
        lacking_before: groups of the reference without the curve.
        groups: groups of the reference.

    >>> round(missing_files_p_value(1, 1, 0, 12), 3), round(missing_files_p_value(3, 3, 0, 12), 4)
    (0.038, 0.0007)
    """
    a, b = lacking_before + 0.5, groups - lacking_before + 0.5
    k = np.arange(lacking, files + 1)
    choose = gammaln(files + 1) - gammaln(k + 1) - gammaln(files - k + 1)
    return float(np.minimum(np.exp(choose + betaln(k + a, files - k + b) - betaln(a, b)).sum(), 1.0))


def rate(part: Any, whole: Any) -> AxisArray:
    """Return part / whole; NaN if the whole is 0."""
    whole = np.asarray(whole, dtype=np.float64)
    return np.asarray(np.asarray(part) / np.where(whole > 0, whole, np.nan))


def _shares(counts: NDArray[np.floating]) -> AxisArray:
    counts = np.asarray(counts, dtype=np.float64)
    whole = counts.sum(axis=-1, keepdims=True)
    return np.asarray(counts / np.where(whole > 0, whole, np.nan))
