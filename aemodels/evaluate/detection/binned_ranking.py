"""Ranking quality of pooled scores, with intervals over wells, from counts in bins of score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray
from aemodels.evaluate.statistics.bootstrap import ConfidenceInterval, percentile_interval, resample_counts

# Where the bins lie, as quantiles of all scores: fine where false alarms are few, for that is what is asked about.
LEVELS = np.unique(np.concatenate([np.linspace(0.0, 0.9, 500), 1.0 - np.geomspace(0.1, 1e-6, 2000)]))
BLOCK = 256  # resamples at a time

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScoreBins:
    """Scores of several wells counted in common bins, so that any resample of the wells is a sum.

    Args:
        edges: float64[bin + 1].
        clean_counts: float64[well, bin], rows without a fault.
    """

    edges: Floats
    clean_counts: Floats

    @classmethod
    def from_scores(cls, scores: Sequence[FloatArray], intact: Sequence[BoolArray]) -> ScoreBins:
        """Count the intact rows.

        Args:
            scores: float32[row] a well, NaN = unscored: such rows are found by nobody.
            intact: bool[row] a well.
        """
        filled = [_filled(well) for well in scores]
        finite = np.concatenate(filled)
        finite = finite[finite > -np.inf]
        inner = np.unique(np.quantile(finite, LEVELS)) if finite.size else np.zeros(1)
        edges = np.concatenate([[-np.inf], inner, [np.inf]])
        return cls(edges, np.stack([_count(w[mask], edges) for w, mask in zip(filled, intact, strict=True)]))

    def positive_counts(self, scores: Sequence[FloatArray], masks: Sequence[BoolArray]) -> Floats:
        """Rows of a fault counted in the same bins: float64[well, bin]."""
        return np.stack([_count(_filled(well)[mask], self.edges) for well, mask in zip(scores, masks, strict=True)])

    def auc(self, faulty: Floats, *, level: float = 0.95) -> tuple[ConfidenceInterval, ConfidenceInterval]:
        """Area under the precision-recall curve and under the ROC, pooled, with bootstrap intervals over wells.

        Rows of one bin count as ties. A resample without a fault or without an intact row says nothing.

        Args:
            faulty: from `faulty`.
            level: of the intervals.
        """
        counts, probabilities = resample_counts(len(self.clean_counts))
        curves = [
            _areas(block @ faulty, block @ self.clean_counts)
            for block in np.array_split(counts, max(1, -(-len(counts) // BLOCK)))
        ]
        drawn = np.concatenate(curves)
        pooled = _areas(faulty.sum(axis=0, keepdims=True), self.clean_counts.sum(axis=0, keepdims=True))[0]
        found = [
            ConfidenceInterval(
                float(pooled[n]),
                *percentile_interval(drawn[:, n], probabilities, level=level),
                level,
                len(self.clean_counts),
            )
            for n in (0, 1)
        ]
        return found[0], found[1]


def _areas(faulty: Floats, intact: Floats) -> Floats:
    """Average precision and ROC area of each row of counts: float64[row, 2], NaN where either is empty."""
    found, alarms = np.cumsum(faulty[:, ::-1], axis=1), np.cumsum(intact[:, ::-1], axis=1)
    total, clean = found[:, -1], alarms[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = found / total[:, None]
        precision = found / np.maximum(found + alarms, 1e-12)
        steps = np.diff(recall, axis=1, prepend=0.0)
        pr = (steps * precision).sum(axis=1)
        share = alarms / clean[:, None]
        before = np.concatenate([np.zeros((len(recall), 1)), recall[:, :-1]], axis=1)
        roc = (np.diff(share, axis=1, prepend=0.0) * (recall + before) / 2).sum(axis=1)
    empty = (total == 0) | (clean == 0)
    return np.where(empty[:, None], np.nan, np.column_stack([pr, roc]))


def _filled(scores: FloatArray) -> Floats:
    return np.nan_to_num(scores.astype(np.float64), nan=-np.inf, posinf=np.inf, neginf=-np.inf)


def _count(values: Floats, edges: Floats) -> Floats:
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, edges.size - 2)
    return np.bincount(places, minlength=edges.size - 1).astype(np.float64)
