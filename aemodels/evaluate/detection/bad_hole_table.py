"""Ranking of real bad hole, labelled by the caliper alone, by detectors without caliper input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from aemodels.core.types import BoolArray, FloatArray, Recording, Section
from aemodels.detect.base import Detector, FaultClassifier
from aemodels.evaluate.detection.binned_ranking import ScoreBins
from aemodels.evaluate.statistics.bootstrap import mean_interval
from aemodels.evaluate.statistics.metrics import ranking
from aemodels.signal.bad_hole import enlarged

LABEL_CURVES = frozenset({"CALI", "BS", "DRHO"})
WASHOUT = "washout"
MAX_BAD_SHARE = 0.25  # a well with a larger share of bad hole would dominate the pooled figures
_FIGURES = tuple(f"{name}{end}" for name in ("roc_auc", "pr_auc", "mean_roc") for end in ("", "_low", "_high"))
COLUMNS = ["detector", "ranked_by", "wells", "count", "rows", "bad", *_FIGURES]


@dataclass(frozen=True, eq=False)
class _Well:
    scores: FloatArray
    label: BoolArray


def bad_hole_table(
    detectors: Mapping[str, Detector],
    scores: Mapping[str, Sequence[FloatArray]],
    recordings: Sequence[Recording],
    sections: Sequence[Section],
    *,
    curves: Sequence[str],
) -> pd.DataFrame:
    """Measure how well scores of clean wells rank the depths at which the hole is over 2 in larger than the bit.

    Depths without caliper or bit size, and unscored ones, are left out. Depths are ranked by the detector's score and,
    if it scores fault kinds, by its score for a washout. Figures are given for all wells, and without those of which
    more than a quarter is bad; means over wells use only wells with both good and bad hole.

    Args:
        detectors: fitted, by name.
        scores: row scores of the recordings by detector, float32[row] each.
        recordings: field wells, without injected faults.
        sections: the same, normalised.
        curves: inputs of the detectors.

    Returns:
        detector, ranked_by (score or washout), wells (all or without_heavy), count, rows, bad (share), then ROC and PR
        areas of the pooled depths and the mean ROC area over wells, each with 95 % bootstrap intervals over wells.
        Empty if no well has a label, or if a curve that the label is made from is an input.
    """
    labels = [enlarged(recording) for recording in recordings]
    if LABEL_CURVES & set(curves) or not any(labels):
        return pd.DataFrame(columns=COLUMNS)
    found = []
    for name, detector in detectors.items():
        for ranked_by, rows in _rankings(detector, scores[name], sections).items():
            wells = [_well(row, label) for row, label in zip(rows, labels, strict=True) if label is not None]
            labelled = [well for well in wells if well.label.size]
            light = [well for well in labelled if well.label.mean() <= MAX_BAD_SHARE]
            for group, members in (("all", labelled), ("without_heavy", light)):
                if any(well.label.any() for well in members):
                    found.append({"detector": name, "ranked_by": ranked_by, "wells": group} | _ranked(members))
    return pd.DataFrame(found, columns=COLUMNS)


def _rankings(
    detector: Detector, scores: Sequence[FloatArray], sections: Sequence[Section]
) -> dict[str, Sequence[FloatArray]]:
    rankings: dict[str, Sequence[FloatArray]] = {"score": scores}
    if isinstance(detector, FaultClassifier):
        fault_scores = [detector.fault_scores(section) for section in sections]
        if all(WASHOUT in found.kinds for found in fault_scores):
            rankings[WASHOUT] = [found.score[found.kinds.index(WASHOUT)] for found in fault_scores]
    return rankings


def _well(rows: FloatArray, label: tuple[BoolArray, BoolArray]) -> _Well:
    bad, known = label
    used = known & np.isfinite(rows)
    return _Well(rows[used], bad[used])


def _ranked(wells: Sequence[_Well]) -> dict[str, float | int]:
    scores, labels = [well.scores for well in wells], [well.label for well in wells]
    bins = ScoreBins.from_scores(scores, [~label for label in labels])
    pr, roc = bins.auc(bins.positive_counts(scores, labels))
    each = [ranking(well.scores, well.label)["roc_auc"] for well in wells]
    mean_roc = mean_interval([value for value in each if np.isfinite(value)] or [0.5])
    row: dict[str, float | int] = {
        "count": len(wells),
        "rows": sum(label.size for label in labels),
        "bad": float(np.concatenate(labels).mean()),
    }
    for name, interval in (("roc_auc", roc), ("pr_auc", pr), ("mean_roc", mean_roc)):
        row |= {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return row
