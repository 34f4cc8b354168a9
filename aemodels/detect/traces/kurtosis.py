"""How the samples of a trace are distributed: spikes stand out of it, clipping cuts it off."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter, uniform_filter1d

from aemodels.detect.traces.amplitude import LEVEL_FLOOR, SILENT
from aemodels.detect.traces.neighbours import Bools, Floats, beside, difference_beside, in_spreads, rms_of

OWN_SAMPLES, BESIDE_SAMPLES = 21, 31  # length of the envelopes that a sample is held against
AT_PEAK = 0.999  # share of the peak from which on a sample is at full scale


def kurtosis_evidence(values: Floats, bad: Bools) -> dict[str, Floats]:
    """Evidence by name, float64[trace], higher = odder.

    spike: the sample that most exceeds both its trace's and the neighbours' envelope; kurtosis: log kurtosis above the
    neighbours'; flat: share of samples at full scale, times the square root of the samples.

    Args:
        values: float64[trace, sample], in units of the line's median rms.
        bad: bool[trace], traces that others are not compared with.
    """
    shape = values / np.maximum(rms_of(values), SILENT)[:, None]
    return {"spike": _spike(shape, bad), "kurtosis": _kurtosis(shape, bad), "flat": _flat(shape)}


def _spike(shape: Floats, bad: Bools) -> Floats:
    magnitude = np.abs(shape)
    own = median_filter(magnitude, size=(1, OWN_SAMPLES), mode="nearest")
    others = beside(uniform_filter1d(magnitude, BESIDE_SAMPLES, axis=1, mode="nearest"), bad, 3)[2]
    envelope = np.maximum(np.maximum(own, others), 0.2)  # of the trace's rms: a quiet stretch has no spikes
    return np.asarray(np.log1p((magnitude / envelope).max(axis=1)))


def _kurtosis(shape: Floats, bad: Bools) -> Floats:
    fourth = np.log(np.maximum((shape**4).mean(axis=1), 1e-3))
    return np.maximum(in_spreads(difference_beside(fourth, bad), floor=LEVEL_FLOOR), 0.0)


def _flat(shape: Floats) -> Floats:
    magnitude = np.abs(shape)
    peak = magnitude.max(axis=1, keepdims=True)
    share = (magnitude > AT_PEAK * peak).mean(axis=1) * (peak[:, 0] > 0)
    return np.asarray(share * np.sqrt(shape.shape[1]))
