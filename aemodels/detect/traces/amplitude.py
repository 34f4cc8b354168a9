"""Amplitude of a trace compared with its neighbours: in total, by frequency band, by time, and at one frequency."""

from __future__ import annotations

import numpy as np

from aemodels.detect.traces.neighbours import (
    Bools,
    Floats,
    median_of_neighbours,
    nearest_good,
    neighbour_difference,
    standardise,
)
from aemodels.detect.traces.shapes import SILENT, TraceShapes

# Frequency bins: a tapered sine covers two on either side, and is compared with the four beyond; swell is wider.
LINE_HALF_WIDTH, LINE_NEIGHBOURHOOD = 2, 6
LEVEL_FLOOR = 0.05  # natural logarithm: differences of 5 % between neighbours are usual


def amplitude_evidence(shapes: TraceShapes, bad: Bools) -> dict[str, Floats]:
    """Return evidence by name, float64[trace], higher = more anomalous.

    weak, loud: log rms below or above that of the neighbours; band: highest excess of a frequency band; burst: highest
    excess in a time window; hum: highest excess at a single frequency.

    Args:
        shapes: of the line.
        bad: bool[trace], traces that others are not compared with.
    """
    level = np.log(np.maximum(shapes.rms, SILENT))
    difference = standardise(neighbour_difference(level, bad), floor=LEVEL_FLOOR)
    return {
        "weak": np.maximum(-difference, 0.0),
        "loud": np.maximum(difference, 0.0),
        "band": _band(shapes.band_levels, bad),
        "burst": _burst(shapes.window_levels, bad),
        "hum": _hum(shapes.log_spectrum, bad),
    }


def _band(level: Floats, bad: Bools) -> Floats:
    return np.asarray(standardise(neighbour_difference(level, bad), floor=LEVEL_FLOOR).max(axis=1))


def _burst(level: Floats, bad: Bools) -> Floats:
    return np.asarray(np.maximum((level - _second_highest_neighbour(level, bad)).max(axis=1), 0.0))


def _second_highest_neighbour(level: Floats, bad: Bools) -> Floats:
    """Return the second highest level of the six nearest good traces; that of the trace itself if there are not two."""
    traces = nearest_good(bad, 3)
    second = np.sort(np.where((traces >= 0)[..., None], level[traces], -np.inf), axis=0)[-2]
    return np.asarray(np.where(np.isfinite(second), second, level))


def _hum(level: Floats, bad: Bools) -> Floats:
    above = level - median_of_neighbours(level, bad)
    padded = np.pad(above, ((0, 0), (LINE_NEIGHBOURHOOD, LINE_NEIGHBOURHOOD)), mode="edge")
    highest = np.full(above.shape, -np.inf)
    for shift in range(2 * LINE_NEIGHBOURHOOD + 1):
        if abs(shift - LINE_NEIGHBOURHOOD) > LINE_HALF_WIDTH:
            np.maximum(highest, padded[:, shift : shift + above.shape[1]], out=highest)
    return np.asarray(np.maximum((above - highest).max(axis=1), 0.0))
