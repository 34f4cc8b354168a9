"""Judgement of networks that were trained further: on faults of another family in the validation wells."""

from __future__ import annotations

import numpy as np

from aemodels.detect.base import DetectContext, Detector, row_scores
from aemodels.detect.fusion.calibration_set import (
    CalibrationCase,
    CopyPlan,
    LabelledSection,
    labelled_copies,
)

# Average precision that further training has to gain: below it, what was trained on many wells is to be preferred to
# what has changed for a few.
MIN_GAIN = 0.01
_COPIES, _FRACTION = 6, 0.15


def is_worth_keeping(further: Detector, before: Detector, context: DetectContext) -> bool:
    """Return whether a detector that was trained further on own wells finds more than the one it started from.

    Judged by the mean average precision of faulty copies of the validation wells, with faults of the family that
    combinations are fitted to, which neither learned if the experiment has one. Without validation wells it is kept.

    Args:
        further: trained further.
        before: what it started from.
        context: validation wells with their recordings, faults, normaliser and seed.
    """
    copies = _faulty_validation_wells(context)
    if not copies:
        return True
    return _mean_precision(further, copies) >= _mean_precision(before, copies) + MIN_GAIN


def _faulty_validation_wells(context: DetectContext) -> list[LabelledSection]:
    """Return the copies that have both faulty and clean rows."""
    found = []
    for number, (recording, section) in enumerate(zip(context.calibration, context.validation, strict=True)):
        rng = np.random.default_rng([context.seed, 11, number])
        found += labelled_copies(
            context, CalibrationCase({}, section, recording), CopyPlan((), _COPIES, _FRACTION), rng
        )
    return [copy for copy in found if copy.label.any() and (copy.has_label & ~copy.label).any()]


def _mean_precision(detector: Detector, copies: list[LabelledSection]) -> float:
    from sklearn.metrics import average_precision_score

    found = []
    for copy in copies:
        scores = row_scores(np.where(copy.has_label, detector.score(copy.section), np.nan), "logs")
        known, faulty = np.isfinite(scores), np.asarray(copy.label.any(axis=0))
        # a training that has diverged scores nothing
        found.append(float(average_precision_score(faulty[known], scores[known])) if faulty[known].any() else 0.0)
    return float(np.mean(found))
