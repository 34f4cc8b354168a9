"""Distribution of the samples of a trace: spikes and clipping."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aemodels.detect.traces.amplitude import LEVEL_FLOOR
from aemodels.detect.traces.neighbours import Bools, Floats, median_of_neighbours, neighbour_difference, standardise
from aemodels.detect.traces.shapes import TraceShapes
from aemodels.signal.running_median import running_median

QUIET = 0.2  # of the rms: samples are not compared with less
ENVELOPE_SAMPLES = 21  # of the running median of a trace
MAX_TRIED_SHARE = 0.1  # of the samples of a trace: beyond it the running median of all is faster
FULL_SCALE_SHARE = 0.999  # of the peak: higher samples are at full scale


def kurtosis_evidence(shapes: TraceShapes, bad: Bools) -> dict[str, Floats]:
    """Return evidence by name, float64[trace], higher = more anomalous.

    spike: highest ratio of a sample to the envelopes of its trace and of the neighbours; kurtosis: log kurtosis above
    that of the neighbours; flat: share of samples at full scale, times the square root of the number of samples.

    Args:
        shapes: of the line.
        bad: bool[trace], traces that others are not compared with.
    """
    return {
        "spike": _spike(shapes, bad),
        "kurtosis": _kurtosis(shapes.fourth_moment, bad),
        "flat": _flat(shapes.magnitude),
    }


def _spike(shapes: TraceShapes, bad: Bools) -> Floats:
    others = np.maximum(median_of_neighbours(shapes.smooth_envelope, bad, 3), QUIET)
    return np.asarray(np.log1p(_highest_ratio(shapes.magnitude, others)))


def _highest_ratio(magnitude: Floats, others: Floats) -> Floats:
    """Return the highest ratio of a sample to the larger of its trace's envelope and the others': float[trace].

    The envelope of a trace is its running median. It can only lower the ratio to the others' envelope, so that it is
    worked out for the sample with the highest of these ratios, and for those that may exceed what is found there.

    Args:
        magnitude: float[trace, sample].
        others: envelope of the neighbours, float[trace, sample], positive.
    """
    bound = magnitude / others
    traces = np.arange(len(magnitude))
    highest = _ratio_at(magnitude, others, traces, bound.argmax(axis=1))
    may_exceed = bound > highest[:, None]
    many = may_exceed.sum(axis=1) > MAX_TRIED_SHARE * magnitude.shape[1]
    own = running_median(magnitude[many], ENVELOPE_SAMPLES)
    highest[many] = (magnitude[many] / np.maximum(own, others[many])).max(axis=1)
    trace, sample = np.nonzero(may_exceed & ~many[:, None])
    np.maximum.at(highest, trace, _ratio_at(magnitude, others, trace, sample))
    return np.asarray(highest)


def _ratio_at(magnitude: Floats, others: Floats, trace: NDArray[np.int64], sample: NDArray[np.int64]) -> Floats:
    """Return the ratio of some samples: float[number], of int64[number] traces and samples."""
    half = ENVELOPE_SAMPLES // 2
    around = np.clip(sample[:, None] + np.arange(-half, half + 1), 0, magnitude.shape[1] - 1)
    own = np.partition(magnitude[trace[:, None], around], half, axis=1)[:, half]
    return np.asarray(magnitude[trace, sample] / np.maximum(own, others[trace, sample]))


def _kurtosis(fourth_moment: Floats, bad: Bools) -> Floats:
    fourth = np.log(np.maximum(fourth_moment, 1e-3))
    return np.maximum(standardise(neighbour_difference(fourth, bad), floor=LEVEL_FLOOR), 0.0)


def _flat(magnitude: Floats) -> Floats:
    peak = magnitude.max(axis=1, keepdims=True)
    share = (magnitude > FULL_SCALE_SHARE * peak).mean(axis=1) * (peak[:, 0] > 0)
    return np.asarray(share * np.sqrt(magnitude.shape[1]))
