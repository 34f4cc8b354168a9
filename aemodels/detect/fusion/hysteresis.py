"""Score transforms that make any threshold flag whole intervals: hysteresis and a minimum length."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import grey_opening

from aemodels.core.types import FloatArray

_LEVELS = 96


def apply_hysteresis(scores: FloatArray, exit_ratio: float) -> FloatArray:
    """Return raised scores, so that a single threshold flags what hysteresis thresholding would.

    A sample gets the highest level t for which it is connected to a score of t or more by samples that never fall
    below exit_ratio * t. For any threshold, score > threshold then marks the intervals that are entered at the
    threshold and left at exit_ratio times it (Canny 1986, IEEE TPAMI 8, 679, with two thresholds in a fixed ratio).

    Args:
        scores: float32[sample], not negative; NaN ends an interval and stays NaN.
        exit_ratio: exit threshold as a share of the entry threshold, 0 < exit_ratio <= 1; 1 changes nothing.
    """
    known = np.nan_to_num(scores, nan=0.0)
    top = float(known.max(initial=0.0))
    if exit_ratio >= 1.0 or top <= 0.0:
        return scores
    order = np.argsort(known)
    ranked, bordered = known[order], np.pad(known, 1)
    out = known.astype(np.float64)
    for level in np.geomspace(max(top * 1e-3, 1e-6), top, _LEVELS):
        # only scores between the two thresholds can be raised: those of a run that has a neighbour above the higher one
        first, last = np.searchsorted(ranked, (exit_ratio * level, level))
        between = np.sort(order[first:last])
        begins = np.flatnonzero(np.diff(between, prepend=-2) > 1)
        ends = np.append(begins[1:], between.size) - 1
        if between.size:
            entered = (bordered[between[begins]] >= level) | (bordered[between[ends] + 2] >= level)
            out[between[np.repeat(entered, ends - begins + 1)]] = level
    return np.where(np.isfinite(scores), out, np.nan).astype(np.float32)


def apply_min_length(scores: FloatArray, min_samples: int) -> FloatArray:
    """Return lowered scores, so that no threshold flags fewer than `min_samples` samples in a row.

    Args:
        scores: float32[sample]; NaN counts as 0 and stays NaN.
        min_samples: shortest interval, in samples.
    """
    if min_samples <= 1 or scores.size < min_samples:
        return scores
    opened = grey_opening(np.nan_to_num(scores, nan=0.0), size=min_samples, mode="nearest")
    return np.where(np.isfinite(scores), opened, np.nan).astype(np.float32)
