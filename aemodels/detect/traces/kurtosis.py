"""Distribution of the samples of a trace: spikes and clipping."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d

from aemodels.detect.traces.amplitude import LEVEL_FLOOR, SILENT
from aemodels.detect.traces.neighbours import Bools, Floats, neighbour_difference, neighbour_median, rms_of, standardise
from aemodels.signal.running_median import running_median

TRACE_ENVELOPE_SAMPLES, NEIGHBOUR_ENVELOPE_SAMPLES = 21, 31  # of the envelopes that a sample is compared with
FULL_SCALE_SHARE = 0.999  # of the peak: higher samples are at full scale


def kurtosis_evidence(values: Floats, bad: Bools) -> dict[str, Floats]:
    """Return evidence by name, float64[trace], higher = more anomalous.

    spike: highest ratio of a sample to the envelopes of its trace and of the neighbours; kurtosis: log kurtosis above
    that of the neighbours; flat: share of samples at full scale, times the square root of the number of samples.

    Args:
        values: float64[trace, sample], in units of the line's median rms.
        bad: bool[trace], traces that others are not compared with.
    """
    shape = values / np.maximum(rms_of(values), SILENT)[:, None]
    return {"spike": _spike(shape, bad), "kurtosis": _kurtosis(shape, bad), "flat": _flat(shape)}


def _spike(shape: Floats, bad: Bools) -> Floats:
    magnitude = np.abs(shape)
    own = running_median(magnitude, TRACE_ENVELOPE_SAMPLES)
    others = neighbour_median(uniform_filter1d(magnitude, NEIGHBOUR_ENVELOPE_SAMPLES, axis=1, mode="nearest"), bad, 3)[
        2
    ]
    envelope = np.maximum(np.maximum(own, others), 0.2)  # of the trace's rms: quiet samples are not spikes
    return np.asarray(np.log1p((magnitude / envelope).max(axis=1)))


def _kurtosis(shape: Floats, bad: Bools) -> Floats:
    fourth = np.log(np.maximum((shape**4).mean(axis=1), 1e-3))
    return np.maximum(standardise(neighbour_difference(fourth, bad), floor=LEVEL_FLOOR), 0.0)


def _flat(shape: Floats) -> Floats:
    magnitude = np.abs(shape)
    peak = magnitude.max(axis=1, keepdims=True)
    share = (magnitude > FULL_SCALE_SHARE * peak).mean(axis=1) * (peak[:, 0] > 0)
    return np.asarray(share * np.sqrt(shape.shape[1]))
