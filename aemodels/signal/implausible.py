"""Readings that must not reach a network: beyond the physical range; in training also those that no rock made."""

from __future__ import annotations

import numpy as np

from aemodels.core.types import BoolArray, FloatArray, Recording
from aemodels.curves.canonical import CANONICAL
from aemodels.signal.noise_estimate import noise_sigma
from aemodels.signal.quality_rules import Quality, assess

MAX_NOISE_DEVIATIONS = 4.5  # Gaussian noise exceeds it in one of 150,000 readings
# Of the readings of a curve; rock does not repeat its highest or lowest reading, a saturated tool does.
_END_OF_SCALE_SHARE = 0.02
_FEWEST = 200  # readings; of fewer, a share says little


def implausible(recording: Recording, quality: Quality) -> BoolArray:
    """Return which readings are outside the physical range for another reason than noise.

    A noisy curve whose true readings lie near a bound crosses it now and then. Such a reading still says that the true
    one is near the bound; to hide it would shift the curve away from the bound and leave the denoiser a gap.

    Args:
        recording: any recording; other kinds than logs have no range.
        quality: its rule flags.

    Returns:
        bool[channel, sample], True where a reading exceeds the range by more than 4.5 standard deviations of the
        curve's own white noise, of the logarithm for a resistivity; there also every reading at or below zero.
    """
    outside = quality.flags.get("range")
    if outside is None:
        return np.zeros(recording.values.shape, dtype=np.bool_)
    hidden = outside.copy()
    for row in np.flatnonzero(outside.any(axis=1)):
        curve = CANONICAL[recording.names[row]]
        values, low, high = recording.values[row], curve.low, curve.high
        if curve.log:  # the logarithm of a reading at or below zero says nothing, so it stays hidden
            with np.errstate(invalid="ignore", divide="ignore"):
                values = np.log10(values)
            low, high = float(np.log10(low)), float(np.log10(high))
        hidden[row] &= ~np.isfinite(values) | _beyond_noise(values, outside[row], (low, high))
    return hidden


def unusable_readings(well: Recording) -> BoolArray:
    """Return which readings of a well no denoiser should learn to return, as they say nothing of the rock.

    These are stuck ones, those outside the physical range, and those at an end of the scale for long.

    Args:
        well: any well.

    Returns:
        bool[curve, sample]; False where nothing was recorded.
    """
    quality = assess(well)
    unusable = implausible(well, quality)
    for rule in ("stuck", "range"):
        if rule in quality.flags:
            unusable = unusable | quality.flags[rule]
    ends = np.stack([_at_ends_of_scale(values) for values in np.where(unusable, np.nan, well.values)])
    return np.asarray((unusable | ends) & np.isfinite(well.values), dtype=np.bool_)


def _beyond_noise(values: FloatArray, outside: BoolArray, bounds: tuple[float, float]) -> BoolArray:
    """Return where values exceed the bounds by more than the noise of the readings within them: bool[sample]."""
    observed = np.isfinite(values)
    filled = np.where(observed, values, 0.0).astype(np.float32)
    sigma = float(noise_sigma(filled[None], observed[None])[0, 0])
    with np.errstate(invalid="ignore"):
        excess = np.maximum(bounds[0] - values, values - bounds[1])
        return np.asarray(outside & (excess > MAX_NOISE_DEVIATIONS * sigma), dtype=np.bool_)


def _at_ends_of_scale(values: FloatArray) -> BoolArray:
    """Return where a curve has its lowest or highest value, if more than 2 % of its readings have it: bool[sample]."""
    found = np.zeros(values.shape, dtype=np.bool_)
    recorded = values[np.isfinite(values)]
    if recorded.size <= _FEWEST:
        return found
    for end in (recorded.min(), recorded.max()):
        if np.mean(recorded == end) > _END_OF_SCALE_SHARE:
            found |= values == end
    return found
