"""Real bad hole, told by the caliper alone, against scores that never saw the caliper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from aemodels.core.types import BoolArray, FloatArray, Recording, Section
from aemodels.detect.base import Detector, Explainer
from aemodels.evaluate.detection.binned_ranking import ScoreBins
from aemodels.evaluate.statistics.bootstrap import mean_interval
from aemodels.evaluate.statistics.metrics import ranking
from aemodels.signal.bad_hole import enlarged

LABEL_CURVES = frozenset({"CALI", "BS", "DRHO"})
WASHOUT = "washout"
MAX_BAD_SHARE = 0.25  # share of a well's depths beyond which one well would decide a pooled figure
_FIGURES = tuple(f"{name}{end}" for name in ("roc_auc", "pr_auc", "mean_roc") for end in ("", "_low", "_high"))
COLUMNS = ["detector", "evidence", "wells", "count", "rows", "bad", *_FIGURES]


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
    """How well clean wells' scores rank the depths at which the hole is more than 2 in too large.

    Depths without caliper or bit size, and unscored ones, are left out. Evidence is the detector's score and, where
    it gives reasons, what speaks for a washout. Wells are told all together, and without those of which more than a
    quarter is bad; the mean over wells is of wells that have both good and bad hole.

    Args:
        detectors: fitted, by name.
        scores: row scores of the recordings by detector, float32[row] each.
        recordings: field wells, without injected faults.
        sections: the same, normalised.
        curves: inputs of the detectors.

    Returns:
        detector, evidence (score or washout), wells (all or without_heavy), count, rows, bad (share), then ROC and PR
        of the pooled depths and the mean ROC of wells, each with 95 % bootstrap intervals over wells. Empty where no
        well tells, or where a curve that makes the label is an input.
    """
    labels = [enlarged(recording) for recording in recordings]
    if LABEL_CURVES & set(curves) or not any(labels):
        return pd.DataFrame(columns=COLUMNS)
    found = []
    for name, detector in detectors.items():
        for evidence, rows in _evidence(detector, scores[name], sections).items():
            wells = [_well(row, label) for row, label in zip(rows, labels, strict=True) if label is not None]
            told = [well for well in wells if well.label.size]
            light = [well for well in told if well.label.mean() <= MAX_BAD_SHARE]
            for group, members in (("all", told), ("without_heavy", light)):
                if any(well.label.any() for well in members):
                    labelled = {"detector": name, "evidence": evidence, "wells": group}
                    found.append(labelled | _ranked(members))
    return pd.DataFrame(found, columns=COLUMNS)


def _evidence(
    detector: Detector, scores: Sequence[FloatArray], sections: Sequence[Section]
) -> dict[str, Sequence[FloatArray]]:
    evidence: dict[str, Sequence[FloatArray]] = {"score": scores}
    if isinstance(detector, Explainer):
        reasons = [detector.reasons(section) for section in sections]
        if all(WASHOUT in reason.kinds for reason in reasons):
            evidence[WASHOUT] = [reason.score[reason.kinds.index(WASHOUT)] for reason in reasons]
    return evidence


def _well(rows: FloatArray, label: tuple[BoolArray, BoolArray]) -> _Well:
    bad, known = label
    used = known & np.isfinite(rows)
    return _Well(rows[used], bad[used])


def _ranked(wells: Sequence[_Well]) -> dict[str, float | int]:
    scores, labels = [well.scores for well in wells], [well.label for well in wells]
    bins = ScoreBins.from_scores(scores, [~label for label in labels])
    pr, roc = bins.auc(bins.positive_counts(scores, labels))
    each = [ranking(well.scores, well.label)["roc_auc"] for well in wells]
    own = mean_interval([value for value in each if np.isfinite(value)] or [0.5])
    row: dict[str, float | int] = {
        "count": len(wells),
        "rows": sum(label.size for label in labels),
        "bad": float(np.concatenate(labels).mean()),
    }
    for name, interval in (("roc_auc", roc), ("pr_auc", pr), ("mean_roc", own)):
        row |= {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return row
