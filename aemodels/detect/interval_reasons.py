"""A reason for every anomalous row, from what a detector says of each fault kind."""

from __future__ import annotations

import numpy as np

from aemodels.core.types import BoolArray, Kind
from aemodels.detect.base import Reasons

UNKNOWN = "unknown"
SURE = 0.5  # share of the evidence that a kind needs to give its name


def name_rows(reasons: Reasons, anomalous: BoolArray, kind: Kind) -> list[str]:
    """One name a row: "" where it is not anomalous, "unknown" where no kind has half of the evidence.

    Rows of a well that lie together are one interval and get one name, that of the mean evidence; a trace stands for
    itself.

    Args:
        reasons: of the same rows.
        anomalous: bool[row].
        kind: logs or seismic.
    """
    names = np.where(anomalous, UNKNOWN, "").astype(object)
    for start, stop in _stretches(anomalous, kind):
        names[start:stop] = _named(reasons, start, stop)
    return [str(name) for name in names]


def _stretches(anomalous: BoolArray, kind: Kind) -> list[tuple[int, int]]:
    rows = np.flatnonzero(anomalous)
    if kind == "seismic":
        return [(int(row), int(row) + 1) for row in rows]
    if not rows.size:
        return []
    breaks = np.flatnonzero(np.diff(rows) > 1)
    first, last = rows[np.concatenate([[0], breaks + 1])], rows[np.concatenate([breaks, [rows.size - 1]])]
    return [(int(start), int(stop) + 1) for start, stop in zip(first, last, strict=True)]


def _named(reasons: Reasons, start: int, stop: int) -> str:
    """The kind with the greatest share of the evidence in some rows."""
    score = reasons.score[:, start:stop].astype(np.float64)
    known = np.isfinite(score)
    if not known.any():
        return UNKNOWN
    count = known.sum(axis=1)
    mean = np.where(count > 0, np.where(known, score, 0.0).sum(axis=1) / np.maximum(count, 1), -np.inf)
    share = np.exp(mean - np.logaddexp.reduce(mean))
    return reasons.kinds[int(share.argmax())] if share.max() >= SURE else UNKNOWN
