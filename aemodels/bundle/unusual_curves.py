"""Curves outside the range of the training wells: denoised with the others, but the others without them."""

from __future__ import annotations

import dataclasses

import numpy as np

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.signal.normalise import MISSING_CURVE
from aemodels.signal.running_median import running_median

# In normalised units, in which nearly all readings of the training wells lie between 0 and 1. Margins of 0.1 to 0.5 and
# shares of 2 and 10 % were compared on 30 wells of other basins (docs/lab/2026-11-own-wells.md).
MARGIN = 0.25
MAX_OUTSIDE = 0.02  # share of the readings of a curve, from which it is unusual
SMOOTHED_SAMPLES = 31  # of a running median, so that noise alone makes no curve unusual


def unusual_curves(section: Section) -> BoolArray:
    """Return which curves lie outside the range of the training wells in a good part of a well: bool[curve].

    Args:
        section: a normalised well.
    """
    unusual: BoolArray = np.zeros(len(section.values), dtype=np.bool_)
    # where a median is outside, so are half of the readings in its window: most curves need no median
    candidates = np.flatnonzero(_outside(section.values).mean(axis=1) > 0.4 * MAX_OUTSIDE)
    for row in candidates:
        smooth = running_median(section.values[row], min(SMOOTHED_SAMPLES, section.values.shape[1]))
        seen = section.mask[row]
        unusual[row] = (_outside(smooth) & seen).sum() > MAX_OUTSIDE * seen.sum()
    return unusual


def _outside(values: FloatArray) -> BoolArray:
    return np.asarray((values > 1 + MARGIN) | (values < -MARGIN), dtype=np.bool_)


def denoise_usual_apart(denoiser: Denoiser, section: Section) -> FloatArray:
    """Return the denoised curves of a well, those of usual values as if the unusual ones were missing.

    A network learns relations between curves, which do not hold far from the values that it has seen: a resistivity of
    basalt can cost the sonic beside it several decibels.

    Args:
        denoiser: of normalised wells.
        section: a normalised well.

    Returns:
        float32[curve, sample], normalised.
    """
    found = denoiser.denoise(section)
    unusual = unusual_curves(section)
    if not unusual.any() or not (section.mask.any(axis=1) & ~unusual).any():
        return found
    values, mask = section.values.copy(), section.mask.copy()
    values[unusual], mask[unusual] = MISSING_CURVE, False
    apart = denoiser.denoise(dataclasses.replace(section, values=values, mask=mask))
    return np.where(unusual[:, None], found, apart)
