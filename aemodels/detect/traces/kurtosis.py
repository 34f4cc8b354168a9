"""Distribution of the samples of a trace: spikes and clipping."""

from __future__ import annotations

import numpy as np

from aemodels.detect.traces.amplitude import LEVEL_FLOOR
from aemodels.detect.traces.neighbours import Bools, Floats, median_of_neighbours, neighbour_difference, standardise
from aemodels.detect.traces.shapes import TraceShapes

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
    others = median_of_neighbours(shapes.smooth_envelope, bad, 3)
    envelope = np.maximum(np.maximum(shapes.own_envelope, others), 0.2)  # of the rms: quiet samples are not spikes
    return np.asarray(np.log1p((shapes.magnitude / envelope).max(axis=1)))


def _kurtosis(fourth_moment: Floats, bad: Bools) -> Floats:
    fourth = np.log(np.maximum(fourth_moment, 1e-3))
    return np.maximum(standardise(neighbour_difference(fourth, bad), floor=LEVEL_FLOOR), 0.0)


def _flat(magnitude: Floats) -> Floats:
    peak = magnitude.max(axis=1, keepdims=True)
    share = (magnitude > FULL_SCALE_SHARE * peak).mean(axis=1) * (peak[:, 0] > 0)
    return np.asarray(share * np.sqrt(magnitude.shape[1]))
