"""Areas under the PR and ROC curves of pooled scores, with intervals over wells, from counts in score bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray
from aemodels.evaluate.statistics.bootstrap import ConfidenceInterval, percentile_interval, resample_counts

# Bin edges as quantiles of all scores, finer at low false-alarm rates.
LEVELS = np.unique(np.concatenate([np.linspace(0.0, 0.9, 500), 1.0 - np.geomspace(0.1, 1e-6, 2000)]))
BLOCK = 256  # resamples at a time

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScoreBins:
    """Scores of several wells counted in common bins, so that any resample of the wells is a sum of counts.

    Args:
        edges: float64[bin + 1].
        clean_counts: float64[well, bin], rows without a fault.
    """

    edges: Floats
    clean_counts: Floats

    @classmethod
    def from_scores(cls, scores: Sequence[FloatArray], clean: Sequence[BoolArray]) -> ScoreBins:
        """Choose the bins and count the clean rows.

        Args:
            scores: float32[row] per well; NaN = unscored, which ranks below all scores.
            clean: bool[row] per well, rows without a fault.
        """
        filled = [_filled(well) for well in scores]
        finite = np.concatenate(filled)
        finite = finite[finite > -np.inf]
        inner = np.unique(np.quantile(finite, LEVELS)) if finite.size else np.zeros(1)
        edges = np.concatenate([[-np.inf], inner, [np.inf]])
        return cls(edges, np.stack([_count(w[mask], edges) for w, mask in zip(filled, clean, strict=True)]))

    def positive_counts(self, scores: Sequence[FloatArray], masks: Sequence[BoolArray]) -> Floats:
        """Count the faulty rows in the same bins: float64[well, bin].

        Args:
            scores: as for `from_scores`.
            masks: bool[row] per well, rows with the fault.
        """
        return np.stack([_count(_filled(well)[mask], self.edges) for well, mask in zip(scores, masks, strict=True)])

    def auc(self, positives: Floats, *, level: float = 0.95) -> tuple[ConfidenceInterval, ConfidenceInterval]:
        """Return the pooled areas under the precision-recall and ROC curves, with bootstrap intervals over wells.

        Rows of one bin count as ties. Resamples without faulty rows or without clean rows are left out.

        Args:
            positives: from `positive_counts`.
            level: of the intervals.
        """
        counts, probabilities = resample_counts(len(self.clean_counts))
        curves = [
            _areas(block @ positives, block @ self.clean_counts)
            for block in np.array_split(counts, max(1, -(-len(counts) // BLOCK)))
        ]
        drawn = np.concatenate(curves)
        pooled = _areas(positives.sum(axis=0, keepdims=True), self.clean_counts.sum(axis=0, keepdims=True))[0]
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


def _areas(positives: Floats, negatives: Floats) -> Floats:
    """Return average precision and ROC area per row of counts: float64[row, 2], NaN if either count is empty."""
    found, alarms = np.cumsum(positives[:, ::-1], axis=1), np.cumsum(negatives[:, ::-1], axis=1)
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
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, edges.size - 2)
    return np.bincount(bins, minlength=edges.size - 1).astype(np.float64)
