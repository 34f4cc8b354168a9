"""Counts of values in the reference's quantile bins, which are additive over files and give PSI and KS distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.types import AxisArray

BINS = 200  # the error of a Kolmogorov-Smirnov distance is at most the share of one bin: half a per cent
_LEVELS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, eq=False)
class BinnedCounts:
    """Counts of the values of one feature in given bins.

    Args:
        counts: float64[bin], values v with edge[bin - 1] < v <= edge[bin]; the outer bins are open.
        missing: rows without a value.
        total: sum of the values.
    """

    counts: AxisArray
    missing: float
    total: float

    @property
    def values(self) -> float:
        """Number of values counted."""
        return float(self.counts.sum())

    @property
    def mean(self) -> float:
        """Mean of the values; NaN if there is none."""
        return self.total / self.values if self.values else float("nan")

    @property
    def missing_share(self) -> float | None:
        """Share of the rows without a value; None if there is no row."""
        rows = self.values + self.missing
        return self.missing / rows if rows else None

    def __add__(self, other: BinnedCounts) -> BinnedCounts:
        return BinnedCounts(self.counts + other.counts, self.missing + other.missing, self.total + other.total)


def quantile_edges(values: NDArray[np.floating], bins: int = BINS) -> AxisArray:
    """Return inner edges float64[<= bins - 1] of bins with equal shares of the observed values; ties are merged.

    Raises:
        DataError: if no value is finite.

    >>> quantile_edges(np.arange(101.0), 4).tolist()
    [25.0, 50.0, 75.0]
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise DataError("a reference distribution has no finite value; expected at least one")
    return np.unique(np.quantile(finite.astype(np.float64), np.linspace(0, 1, bins + 1)[1:-1]))


def bin_counts(values: NDArray[np.floating], edges: AxisArray) -> BinnedCounts:
    """Count values between edges; values that are not finite count as missing.

    >>> bin_counts(np.array([0.5, 1.0, 1.5, np.nan]), np.array([1.0])).counts.tolist()
    [2.0, 1.0]
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    bins = np.searchsorted(edges, finite, side="left")
    counts = np.bincount(bins, minlength=edges.size + 1).astype(np.float64)
    return BinnedCounts(counts, float(values.size - finite.size), float(finite.sum()))


def quantile_summary(values: NDArray[np.floating]) -> dict[str, Any]:
    """Summarise values as JSON-ready quantiles, from which counts for any edges can be derived later."""
    finite = values[np.isfinite(values)].astype(np.float64)
    quantiles = np.quantile(finite, _LEVELS) if finite.size else np.empty(0)
    return {
        "values": int(finite.size),
        "missing": int(values.size - finite.size),
        "total": float(finite.sum()),
        "quantiles": [float(f"{value:.6g}") for value in quantiles],
    }


def counts_from_summary(summary: Mapping[str, Any], edges: AxisArray) -> BinnedCounts:
    """Derive the counts between edges from a `quantile_summary`, by interpolation between its quantiles.

    Raises:
        KeyError: if a key of the summary is absent.
    """
    quantiles, values = summary["quantiles"], float(summary["values"])
    if not quantiles:
        return BinnedCounts(np.zeros(edges.size + 1), float(summary["missing"]), 0.0)
    # of equal quantiles the last one gives the share of values at or below it
    distinct, last = np.unique(np.asarray(quantiles)[::-1], return_index=True)
    levels = _LEVELS[len(quantiles) - 1 - last]
    below = np.interp(edges, distinct, levels, left=0.0, right=1.0)
    return BinnedCounts(
        np.diff(below, prepend=0.0, append=1.0) * values, float(summary["missing"]), float(summary["total"])
    )
