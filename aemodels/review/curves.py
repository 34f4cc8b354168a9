"""Reviewed depths: of each curve as a column beside the flags, and of a well as a channel for training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from aemodels.core.types import AxisArray, Channel, FloatArray, Recording
from aemodels.review.document import Decision
from aemodels.review.labels import WellLabels

FAULT, SOUND = 1.0, 0.0
REVIEWED = "REVIEWED"  # channel of a recording that was reviewed; like a caliper, it is no input of any network


def with_reviewed_depths(recording: Recording, labels: WellLabels) -> Recording:
    """Return a well with the channel REVIEWED: 1 in faults of any curve, else 0 in sound intervals, else NaN.

    A channel is resampled, stretched and turned over with the curves beside it, as training does with its wells.
    """
    values = np.full(recording.axis.size, np.nan, dtype=np.float32)
    for label in sorted(labels.labels, key=lambda one: one.fault):  # faults last
        values[label.rows(recording.axis)] = FAULT if label.fault else SOUND
    channels = (*recording.channels, Channel(REVIEWED))
    return replace(recording, values=np.concatenate([recording.values, values[None]]), channels=channels)


def review_curves(axis: AxisArray, decisions: Iterable[Decision], names: Sequence[str]) -> dict[str, FloatArray]:
    """Return per reviewed curve what reviewers said at each depth.

    Args:
        axis: float64[sample], depth in m.
        decisions: in order; at depths that two speak of, the last one counts.
        names: curves of the well; a decision without curves concerns all of them.

    Returns:
        Curve → float32[sample]: 1 in accepted, redrawn and added intervals, 0 in rejected ones and where a redrawn one
        was flagged before, NaN at depths that nobody reviewed. Curves without a decision are absent.
    """
    half = float(np.median(np.diff(axis))) / 4 if axis.size > 1 else 0.0  # intervals end half a sample beyond
    out: dict[str, FloatArray] = {}
    for decision in decisions:
        for name in decision.curves or names:
            if name not in names:
                continue
            values = out.setdefault(name, np.full(axis.shape, np.nan, dtype=np.float32))
            if decision.flagged_top_m is not None and decision.flagged_base_m is not None:
                values[(axis >= decision.flagged_top_m - half) & (axis <= decision.flagged_base_m + half)] = SOUND
            if decision.action != "reject":
                values[(axis >= decision.top_m - half) & (axis <= decision.base_m + half)] = FAULT
    return out
