"""Intervals without a threshold: what a score is worth once stretches are entered high and left low."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import grey_opening, label

from aemodels.core.types import FloatArray

_LEVELS = 96


def held(scores: FloatArray, leave: float) -> FloatArray:
    """Scores raised so that one threshold flags what hysteresis would.

    A sample gets the highest level t such that a stretch that never falls below leave * t leads from it to a score of
    t or more. Whatever the threshold, score > threshold then marks the intervals that are entered at the threshold and
    left at `leave` times it (Canny 1986, IEEE TPAMI 8, 679, with two levels in a fixed ratio).

    Args:
        scores: float32[sample], not negative; NaN ends a stretch and stays.
        leave: 0 < leave <= 1; 1 changes nothing.
    """
    known = np.nan_to_num(scores, nan=0.0)
    top = float(known.max(initial=0.0))
    if leave >= 1.0 or top <= 0.0:
        return scores
    out = known.astype(np.float64).copy()
    for level in np.geomspace(max(top * 1e-3, 1e-6), top, _LEVELS):
        stretches, count = label((known >= leave * level) & np.isfinite(scores))
        if count:
            peaks = np.zeros(count + 1)
            np.maximum.at(peaks, stretches, known)
            peaks[0] = 0.0
            entered = peaks[stretches] >= level
            out[entered] = np.maximum(out[entered], level)
    return np.where(np.isfinite(scores), out, np.nan).astype(np.float32)


def lasting(scores: FloatArray, shortest: int) -> FloatArray:
    """Scores lowered so that no threshold flags fewer than `shortest` samples in a row.

    Args:
        scores: float32[sample]; NaN counts as 0 and stays.
        shortest: samples.
    """
    if shortest <= 1 or scores.size < shortest:
        return scores
    opened = grey_opening(np.nan_to_num(scores, nan=0.0), size=shortest, mode="nearest")
    return np.where(np.isfinite(scores), opened, np.nan).astype(np.float32)
