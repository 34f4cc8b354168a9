"""Scores of a well that was resampled to the step of the networks, brought back to its own depths."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import AxisArray, FloatArray, Scores
from aemodels.signal.resample import cells, median_step


def at_own_depths(scores: Scores, axis: AxisArray, own: AxisArray, raw: FloatArray) -> Scores:
    """Return scores with one row per own depth of a well.

    A depth has the highest score of the resampled depths that belong to it, and the reason of that one. What the
    denoiser changes is interpolated between resampled depths and added to the recorded reading; a reading further than
    a step from any resampled one stays as it was recorded.

    Args:
        scores: of the resampled well.
        axis: its depths, evenly spaced, m.
        own: depths of the recording, m.
        raw: float32[curve, own sample], as recorded, NaN = missing.
    """
    first, last = cells(own, axis)
    place = _highest(scores.score, first, last)
    by_curve = np.stack([row[_highest(row, first, last)] for row in scores.channel_score])
    by_curve = np.where(np.isfinite(raw), by_curve, np.nan).astype(np.float32)
    observed = np.isfinite(raw).any(axis=0)
    return dataclasses.replace(
        scores,
        score=np.where(observed, scores.score[place], np.nan).astype(np.float32),
        reason=tuple(
            scores.reason[row] if seen else ""
            for row, seen in zip(place.tolist(), np.atleast_1d(observed), strict=True)
        ),
        raw=raw,
        denoised=_denoised(scores, axis, own, raw),
        channel_score=by_curve,
        judged=None if scores.judged is None else scores.judged[place],
    )


def _highest(values: FloatArray, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the index of the highest value of each range of samples."""
    known = np.nan_to_num(values, nan=-np.inf)
    place = first.copy()
    for ahead in range(1, int((last - first).max())):
        other = np.minimum(first + ahead, last - 1)
        place = np.where(known[other] > known[place], other, place)
    return place


def _denoised(scores: Scores, axis: AxisArray, own: AxisArray, raw: FloatArray) -> FloatArray:
    step = median_step(axis)
    out = raw.astype(np.float64)
    for row, (clean, before) in enumerate(zip(scores.denoised, scores.raw, strict=True)):
        change = clean - before
        seen = np.flatnonzero(np.isfinite(change))
        if seen.size < 2:
            continue
        after = np.clip(np.searchsorted(axis[seen], own), 1, seen.size - 1)
        gaps = np.minimum(*(np.abs(own - axis[seen[after - back]]) for back in (0, 1)))
        out[row] += np.where(gaps <= step, np.interp(own, axis[seen], change[seen]), 0.0)
    return out.astype(np.float32)
