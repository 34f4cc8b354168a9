"""Trace evidence as p-values: the share of clean traces with as much of it, extrapolated beyond the highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.detect.traces.neighbours import Floats

TAIL = 0.9  # quantile of clean traces at which the exponential tail begins
# Minimum mean excess of the tail, so that evidence that is zero in all clean traces is not significant at the smallest
# value above zero. It is larger for evidence that bad neighbours raise: a trace among bad ones is less similar to its
# neighbours, and less well predicted, than any in a clean line.
MIN_SCALE = 0.03
MIN_SCALE_BY_EVIDENCE = {"unpredicted": 0.8, "dissimilar": 0.4, "hum": 0.2, "shifted": 0.06}


@dataclass(frozen=True, eq=False)
class TracePValueScale:
    """A fitted scale from each evidence to -log10 p, p being the share of clean traces with as much or more.

    Args:
        sorted_below: float64[evidence, 101], percentiles 0 .. 100 of clean traces.
        start, scale: float64[evidence], start of the tail, and its mean excess.
    """

    sorted_below: NDArray[np.float64]
    start: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def from_evidence(cls, names: Sequence[str], evidence: NDArray[np.float64]) -> TracePValueScale:
        """Fit the scale to clean traces.

        Args:
            names: of the evidence.
            evidence: float64[evidence, trace], at least one trace.
        """
        start = np.quantile(evidence, TAIL, axis=1)
        excess = np.maximum(evidence - start[:, None], 0.0)
        count = np.maximum((excess > 0).sum(axis=1), 1)
        smallest = np.array([MIN_SCALE_BY_EVIDENCE.get(name, MIN_SCALE) for name in names])
        scale = np.maximum(excess.sum(axis=1) / count, smallest)
        return cls(np.quantile(evidence, np.linspace(0, 1, 101), axis=1).T, start, scale)

    def transform(self, evidence: Floats) -> Floats:
        """Return -log10 p, float64[evidence, trace]: 0 = usual, 2 = one clean trace in a hundred.

        Beyond TAIL an exponential law is assumed (Coles 2001, section 4.2, with shape 0).
        """
        rows = [
            np.interp(row, below, np.linspace(0, 1, below.size))
            for row, below in zip(evidence, self.sorted_below, strict=True)
        ]
        empirical = -np.log10(np.clip(1.0 - np.stack(rows), 1.0 - TAIL, 1.0))
        beyond = -np.log10(1.0 - TAIL) + (evidence - self.start[:, None]) / (self.scale[:, None] * np.log(10.0))
        limited = np.minimum(empirical, -np.log10(1.0 - TAIL))
        return np.asarray(np.where(evidence > self.start[:, None], beyond, limited))

    def arrays(self, prefix: str) -> dict[str, NDArray[np.float64]]:
        """Return everything as plain arrays, each key beginning with `prefix`."""
        return {f"{prefix}below": self.sorted_below, f"{prefix}start": self.start, f"{prefix}scale": self.scale}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[np.float64]], prefix: str) -> TracePValueScale:
        """Rebuild the scale from its arrays."""
        return cls(*(np.asarray(arrays[f"{prefix}{name}"], dtype=np.float64) for name in ("below", "start", "scale")))


def joined(evidence: Sequence[dict[str, Floats]]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the names, and the evidence of several lines side by side: float64[evidence, trace]."""
    names = tuple(evidence[0])
    rows = [np.stack([one[name] for name in names]) for one in evidence]
    return names, np.concatenate(rows, axis=1, dtype=np.float64)
