"""Limit of what denoising may change of readings that are not flagged."""

from __future__ import annotations

import dataclasses

import numpy as np

from aemodels.core.types import BoolArray, FloatArray, Scores
from aemodels.curves.canonical import CANONICAL
from aemodels.signal.noise_estimate import noise_sigma

# The larger of two: a share of the curve's range (90th less 10th percentile), and noise levels. Removing noise hardly
# takes more than three of them; a larger change removes a bed, or a fault that the flags should name.
MAX_RANGE_SHARE = 0.1
MAX_NOISE_LEVELS = 3.0
# Where the noise is at most NOISY_SHARE of the range, thin beds are as large as three noise levels, and no third
# difference tells them from noise: there the limit is at most MAX_QUIET_SHARE.
NOISY_SHARE = 0.1
MAX_QUIET_SHARE = 0.14


def limit_unflagged_changes(scores: Scores) -> Scores:
    """Return the scores of a well whose denoised curves stay near the recorded ones wherever a curve is not flagged.

    Resistivities are compared by their logarithms.
    """
    denoised = scores.denoised.copy()
    for row, curve in enumerate(scores.channels):
        raw, log = scores.raw[row], CANONICAL[curve].log
        known = np.isfinite(raw) & np.isfinite(denoised[row])
        if log:
            known &= (raw > 0) & (denoised[row] > 0)
        before, after = (np.where(known, values, 1) for values in (raw, denoised[row]))
        if log:
            before, after = np.log10(before), np.log10(after)
        change = after - before
        limit = _limit(before, change, known)
        far = known & (np.abs(change) > limit) & ~(scores.channel_score[row] > scores.threshold)
        limited = before[far] + np.copysign(limit, change[far])
        denoised[row, far] = 10**limited if log else limited
    return dataclasses.replace(scores, denoised=denoised)


def _limit(values: FloatArray, change: FloatArray, known: BoolArray) -> float:
    """Return the largest change of the known readings of a curve that needs no flag."""
    if not known.any():
        return np.inf
    low, high = np.quantile(values[known], [0.1, 0.9])
    span = float(high - low)
    if not (np.abs(change[known]) > MAX_RANGE_SHARE * span).any():
        return MAX_RANGE_SHARE * span
    noise = float(noise_sigma(values[None], known[None])[0, 0])
    limit = max(MAX_RANGE_SHARE * span, MAX_NOISE_LEVELS * noise)
    return limit if noise > NOISY_SHARE * span else min(limit, MAX_QUIET_SHARE * span)
