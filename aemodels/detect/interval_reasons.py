"""The reason given for every anomalous row: the most likely fault kind of its interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, Kind
from aemodels.detect.base import FaultScores

UNKNOWN = "unknown"
MIN_EVIDENCE_SHARE = 0.5  # softmax share of the mean scores above which an interval gets the name of a kind


def label_rows(fault_scores: FaultScores, anomalous: BoolArray, kind: Kind) -> list[str]:
    """Return one name per row: "" if not anomalous, "unknown" if no kind has half of the evidence.

    Adjoining anomalous rows of a well are one interval and get one name, from the mean of their scores; traces are
    labelled one by one.

    Args:
        fault_scores: of the same rows.
        anomalous: bool[row].
        kind: logs or seismic.
    """
    names: NDArray[np.object_] = np.where(anomalous, UNKNOWN, "").astype(object)
    for start, stop in _intervals(anomalous, kind):
        names[start:stop] = _label(fault_scores, start, stop)
    return list(names)


def _intervals(anomalous: BoolArray, kind: Kind) -> list[tuple[int, int]]:
    """Return (start, exclusive end) of each interval that gets one name."""
    rows = np.flatnonzero(anomalous)
    if kind == "seismic":
        return [(int(row), int(row) + 1) for row in rows]
    if not rows.size:
        return []
    breaks = np.flatnonzero(np.diff(rows) > 1)
    first, last = rows[np.concatenate([[0], breaks + 1])], rows[np.concatenate([breaks, [rows.size - 1]])]
    return [(int(start), int(stop) + 1) for start, stop in zip(first, last, strict=True)]


def _label(fault_scores: FaultScores, start: int, stop: int) -> str:
    """Return the kind with the greatest share of the evidence in some rows, or "unknown"."""
    score = fault_scores.score[:, start:stop].astype(np.float64)
    known = np.isfinite(score)
    if not known.any():
        return UNKNOWN
    count = known.sum(axis=1)
    mean = np.where(count > 0, np.where(known, score, 0.0).sum(axis=1) / np.maximum(count, 1), -np.inf)
    share = np.exp(mean - np.logaddexp.reduce(mean))
    return fault_scores.kinds[int(share.argmax())] if share.max() >= MIN_EVIDENCE_SHARE else UNKNOWN
