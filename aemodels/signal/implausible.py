"""Readings that must not reach a network: outside the physical range by more than noise explains."""

from __future__ import annotations

import numpy as np

from aemodels.core.types import BoolArray, FloatArray, Recording
from aemodels.curves.canonical import CANONICAL
from aemodels.signal.noise_estimate import noise_sigma
from aemodels.signal.quality_rules import Quality

MAX_NOISE_DEVIATIONS = 4.5  # Gaussian noise exceeds it in one of 150,000 readings


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


def _beyond_noise(values: FloatArray, outside: BoolArray, bounds: tuple[float, float]) -> BoolArray:
    """Return where values exceed the bounds by more than the noise of the readings within them: bool[sample]."""
    observed = np.isfinite(values)
    filled = np.where(observed, values, 0.0).astype(np.float32)
    sigma = float(noise_sigma(filled[None], observed[None])[0, 0])
    with np.errstate(invalid="ignore"):
        excess = np.maximum(bounds[0] - values, values - bounds[1])
        return np.asarray(outside & (excess > MAX_NOISE_DEVIATIONS * sigma), dtype=np.bool_)
