"""Amplitude of a trace compared with its neighbours: in total, by frequency band, by time, and at one frequency."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.ndimage import maximum_filter, uniform_filter1d

from aemodels.detect.traces.neighbours import (
    Bools,
    Floats,
    nearest_good,
    neighbour_difference,
    neighbour_median,
    rms_of,
    standardise,
)

# Amplitudes are in units of the line's median rms (see signal/normalise.py); below this a trace counts as silent.
SILENT = 1e-4
# Share of the trace's rms: weaker amplitudes are not a burst, even if the neighbours are muted there.
FAINT = 0.2
BANDS = 6
WINDOWS = 12  # per trace, the length over which bursts are measured
# Frequency bins: a tapered sine covers two on either side, and is compared with the four beyond; swell is wider.
LINE_HALF_WIDTH, LINE_NEIGHBOURHOOD = 2, 6
LEVEL_FLOOR = 0.05  # natural logarithm: differences of 5 % between neighbours are usual


def amplitude_evidence(values: Floats, bad: Bools) -> dict[str, Floats]:
    """Return evidence by name, float64[trace], higher = more anomalous.

    weak, loud: log rms below or above that of the neighbours; band: highest excess of a frequency band; burst: highest
    excess in a time window; hum: highest excess at a single frequency.

    Args:
        values: float64[trace, sample], in units of the line's median rms.
        bad: bool[trace], traces that others are not compared with.
    """
    level = np.log(np.maximum(rms_of(values), SILENT))
    difference = standardise(neighbour_difference(level, bad), floor=LEVEL_FLOOR)
    shape = values / np.maximum(rms_of(values), SILENT)[:, None]  # the rest is independent of a trace's gain
    return {
        "weak": np.maximum(-difference, 0.0),
        "loud": np.maximum(difference, 0.0),
        "band": _band(shape, bad),
        "burst": _burst(shape, bad),
        "hum": _hum(shape, bad),
    }


def _spectrum(shape: Floats) -> Floats:
    taper = np.hanning(shape.shape[1] + 2)[1:-1]
    return np.asarray(np.abs(np.fft.rfft(shape * taper, axis=1)) / np.sqrt(shape.shape[1]))


def _band(shape: Floats, bad: Bools) -> Floats:
    spectrum = _spectrum(shape)
    size = spectrum.shape[1]
    edges = np.unique(np.round(np.linspace(0, size, BANDS + 1)).astype(int))
    parts = [spectrum[:, a:b] for a, b in itertools.pairwise(edges)]
    parts.append(spectrum[:, : max(2, size // 16)])  # swell lies below the first band's middle
    level = np.stack([np.log(rms_of(part) + 0.1 * FAINT) for part in parts], axis=1)
    return np.asarray(standardise(neighbour_difference(level, bad), floor=LEVEL_FLOOR).max(axis=1))


def _burst(shape: Floats, bad: Bools) -> Floats:
    samples = shape.shape[1]
    power = uniform_filter1d(shape**2, max(1, samples // WINDOWS), axis=1, mode="nearest")
    level = 0.5 * np.log(np.maximum(power[:, :: max(1, samples // (2 * WINDOWS))], FAINT**2))
    return np.asarray(np.maximum((level - _second_highest_neighbour(level, bad)).max(axis=1), 0.0))


def _second_highest_neighbour(level: Floats, bad: Bools) -> Floats:
    """Return the second highest level of the six nearest good traces; that of the trace itself if there are not two."""
    traces = nearest_good(bad, 3)
    second = np.sort(np.where((traces >= 0)[..., None], level[traces], -np.inf), axis=0)[-2]
    return np.asarray(np.where(np.isfinite(second), second, level))


def _hum(shape: Floats, bad: Bools) -> Floats:
    level = np.log(_spectrum(shape) + 0.1 * FAINT)
    above = level - neighbour_median(level, bad)[2]
    around = np.ones((1, 2 * LINE_NEIGHBOURHOOD + 1), dtype=bool)
    around[0, LINE_NEIGHBOURHOOD - LINE_HALF_WIDTH : LINE_NEIGHBOURHOOD + LINE_HALF_WIDTH + 1] = False
    line = above - maximum_filter(above, footprint=around, mode="nearest")
    return np.asarray(np.maximum(line.max(axis=1), 0.0))
