"""Reviewed depths of each curve, as a column beside the flags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from aemodels.core.types import AxisArray, FloatArray
from aemodels.review.document import Decision

FAULT, SOUND = 1.0, 0.0


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
