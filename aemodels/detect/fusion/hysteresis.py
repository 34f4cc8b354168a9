"""Score transforms that make any threshold flag whole intervals: hysteresis and a minimum length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import grey_opening

from aemodels.core.types import FloatArray

_LEVELS = 96


def apply_hysteresis(scores: FloatArray, exit_ratio: float) -> FloatArray:
    """Return raised scores, so that a single threshold flags what hysteresis thresholding would.

    A sample gets the highest level t for which it is connected to a score of t or more by samples that never fall
    below exit_ratio * t. For any threshold, score > threshold then marks the intervals that are entered at the
    threshold and left at exit_ratio times it (Canny 1986, IEEE TPAMI 8, 679, with two thresholds in a fixed ratio).

    Args:
        scores: float32[..., sample], not negative; NaN ends an interval and stays NaN.
        exit_ratio: exit threshold as a share of the entry threshold, 0 < exit_ratio <= 1; 1 changes nothing.
    """
    rows = np.nan_to_num(np.atleast_2d(scores), nan=0.0)
    if exit_ratio >= 1.0 or rows.max(initial=0.0) <= 0.0:
        return scores
    # what lies beyond either end of a row is below every level
    bordered = np.pad(rows.astype(np.float64), ((0, 0), (1, 1)), constant_values=-1.0)
    levels = np.stack([_levels(float(row.max())) for row in rows])
    place, number = _between(bordered, levels, exit_ratio)
    if not place.size:
        return scores
    out = bordered.ravel().copy()
    level = levels[place // bordered.shape[1], number]
    begins = np.flatnonzero((np.diff(place, prepend=-2) != 1) | (np.diff(number, prepend=-1) != 0))
    ends = np.append(begins[1:], place.size) - 1
    # only scores between the two thresholds can be raised: those of a run that has a neighbour above the higher one
    entered = (out[place[begins] - 1] >= level[begins]) | (out[place[ends] + 1] >= level[begins])
    raised = np.repeat(entered, ends - begins + 1)
    out[place[raised]] = level[raised]  # the highest level comes last
    inner = out.reshape(bordered.shape)[:, 1:-1].reshape(scores.shape)
    return np.where(np.isfinite(scores), inner, np.nan).astype(np.float32)


def _levels(top: float) -> NDArray[np.float64]:
    return np.geomspace(max(top * 1e-3, 1e-6), max(top, 1e-6), _LEVELS)


def _between(
    scores: NDArray[np.float64], levels: NDArray[np.float64], exit_ratio: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the scores that lie between exit and entry threshold of a level: position in the flat scores, and level.

    Ordered by level and then by position.

    Args:
        scores: float64[row, sample].
        levels: float64[row, level], ascending.
        exit_ratio: as of `apply_hysteresis`.
    """
    first = np.stack([np.searchsorted(known, row, side="right") for known, row in zip(levels, scores, strict=True)])
    stop = np.stack(
        [np.searchsorted(exit_ratio * known, row, side="right") for known, row in zip(levels, scores, strict=True)]
    )
    first, count = first.ravel(), np.maximum(stop - first, 0).ravel()
    place = np.repeat(np.arange(scores.size), count)
    number = np.arange(place.size) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    order = np.sort(number * scores.size + place)
    return order % scores.size, order // scores.size


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
