"""Counts of values between the reference's own quantiles: they add up over files, and give PSI and KS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.types import AxisArray

BINS = 200  # a Kolmogorov-Smirnov distance is exact up to the mass of one bin: half a per cent
_LEVELS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, eq=False)
class BinnedCounts:
    """How the values of one quantity fall between given edges.

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
        """How many values were counted."""
        return float(self.counts.sum())

    @property
    def mean(self) -> float:
        """Of the values; NaN where there is none."""
        return self.total / self.values if self.values else float("nan")

    @property
    def missing_share(self) -> float | None:
        """Share of the rows without a value; None where there is no row."""
        rows = self.values + self.missing
        return self.missing / rows if rows else None

    def __add__(self, other: BinnedCounts) -> BinnedCounts:
        return BinnedCounts(self.counts + other.counts, self.missing + other.missing, self.total + other.total)


def quantile_edges(values: NDArray[np.floating], bins: int = BINS) -> AxisArray:
    """Inner edges float64[<= bins - 1] that put equal shares of the observed values into each bin; ties are merged.

    Raises:
        DataError: if no value is finite.

    >>> quantile_edges(np.arange(101.0), 4).tolist()
    [25.0, 50.0, 75.0]
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise DataError("a reference distribution needs values; expected at least one that is finite")
    return np.unique(np.quantile(finite.astype(np.float64), np.linspace(0, 1, bins + 1)[1:-1]))


def bin_counts(values: NDArray[np.floating], edges: AxisArray) -> BinnedCounts:
    """Count values between edges; what is not finite is missing.

    >>> bin_counts(np.array([0.5, 1.0, 1.5, np.nan]), np.array([1.0])).counts.tolist()
    [2.0, 1.0]
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    places = np.searchsorted(edges, finite, side="left")
    counts = np.bincount(places, minlength=edges.size + 1).astype(np.float64)
    return BinnedCounts(counts, float(values.size - finite.size), float(finite.sum()))


def quantile_summary(values: NDArray[np.floating]) -> dict[str, Any]:
    """A summary of values as plain JSON, to be counted later between edges that are not known yet."""
    finite = values[np.isfinite(values)].astype(np.float64)
    quantiles = np.quantile(finite, _LEVELS) if finite.size else np.empty(0)
    return {
        "values": int(finite.size),
        "missing": int(values.size - finite.size),
        "total": float(finite.sum()),
        "quantiles": [float(f"{value:.6g}") for value in quantiles],
    }


def counts_from_summary(summary: Mapping[str, Any], edges: AxisArray) -> BinnedCounts:
    """The counts of a `quantile_summary` between edges, interpolated between its quantiles.

    Raises:
        KeyError: if it is none.
    """
    quantiles, values = summary["quantiles"], float(summary["values"])
    if not quantiles:
        return BinnedCounts(np.zeros(edges.size + 1), float(summary["missing"]), 0.0)
    # of equal quantiles the last one tells how many values lie at or below it
    places, last = np.unique(np.asarray(quantiles)[::-1], return_index=True)
    levels = _LEVELS[len(quantiles) - 1 - last]
    below = np.interp(edges, places, levels, left=0.0, right=1.0)
    return BinnedCounts(
        np.diff(below, prepend=0.0, append=1.0) * values, float(summary["missing"]), float(summary["total"])
    )
