"""Judgement of networks that were trained further: on faults of another family in the validation wells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aemodels.core.types import BoolArray, Section
from aemodels.detect.base import DetectContext, Detector, row_scores
from aemodels.detect.fault_network.features import straight_lines
from aemodels.faults.inject import inject

# Average precision that further training has to gain: below it, what was trained on many wells is to be preferred to
# what has changed for a few.
MIN_GAIN = 0.01
_COPIES, _FRACTION = 6, 0.15


@dataclass(frozen=True, eq=False)
class _FaultyWell:
    """A copy of a validation well with faults.

    Args:
        section: the copy, normalised.
        faulty: bool[sample].
        known: bool[sample], faulty, or clean in the well as it was recorded.
    """

    section: Section
    faulty: BoolArray
    known: BoolArray


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


def _faulty_validation_wells(context: DetectContext) -> list[_FaultyWell]:
    """Return the copies that have both faulty and clean samples."""
    found = []
    for number, (recording, section) in enumerate(zip(context.calibration, context.validation, strict=True)):
        faults = [fault for fault in context.combination_faults if fault.targets(recording)]
        if context.normaliser is None or not faults:
            continue
        clean = (section.mask & section.good_hole & ~straight_lines(section)).any(axis=0)
        rng = np.random.default_rng([context.seed, 11, number])
        for _ in range(_COPIES):
            injection = inject(recording, faults, fraction=_FRACTION, rng=rng)
            faulty: BoolArray = np.asarray(injection.label.any(axis=0))
            copy = _FaultyWell(context.normaliser.apply(injection.recording), faulty, np.asarray(faulty | clean))
            if faulty.any() and (copy.known & ~faulty).any():
                found.append(copy)
    return found


def _mean_precision(detector: Detector, copies: list[_FaultyWell]) -> float:
    from sklearn.metrics import average_precision_score

    found = []
    for copy in copies:
        scores = row_scores(detector.score(copy.section), "logs")
        known = copy.known & np.isfinite(scores)
        # a training that has diverged scores nothing
        some = copy.faulty[known].any()
        found.append(float(average_precision_score(copy.faulty[known], scores[known])) if some else 0.0)
    return float(np.mean(found))
