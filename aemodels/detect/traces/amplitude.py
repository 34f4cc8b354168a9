"""How loud a trace is, and in which band and at which time, against its neighbours."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.ndimage import maximum_filter, uniform_filter1d

from aemodels.detect.traces.neighbours import Bools, Floats, beside, difference_beside, in_spreads, nearest, rms_of

# Amplitudes are in units of the line's median rms (see signal/normalise.py); below this a trace counts as silent.
SILENT = 1e-4
# Of the trace's own rms: what is fainter is no burst, even where mutes leave nothing at all beside it.
FAINT = 0.2
BANDS = 6
WINDOWS = 12  # of which one is the length over which bursts are looked for
# Frequencies: a tapered sine spreads over two on either side, and is held against the four beyond; swell is wider.
LINE_HALF, LINE_REACH = 2, 6
LEVEL_FLOOR = 0.05  # natural logarithm: 5 %, amplitudes of neighbours that differ less do not count


def amplitude_evidence(values: Floats, bad: Bools) -> dict[str, Floats]:
    """Evidence by name, float64[trace], higher = odder.

    weak, loud: log rms below or above the neighbours'; band: the band that most exceeds the neighbours' share; burst:
    the time at which the trace most exceeds them; hum: the single frequency that does.

    Args:
        values: float64[trace, sample], in units of the line's median rms.
        bad: bool[trace], traces that others are not compared with.
    """
    level = np.log(np.maximum(rms_of(values), SILENT))
    against = in_spreads(difference_beside(level, bad), floor=LEVEL_FLOOR)
    shape = values / np.maximum(rms_of(values), SILENT)[:, None]  # what follows does not depend on a trace's gain
    return {
        "weak": np.maximum(-against, 0.0),
        "loud": np.maximum(against, 0.0),
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
    return np.asarray(in_spreads(difference_beside(level, bad), floor=LEVEL_FLOOR).max(axis=1))


def _burst(shape: Floats, bad: Bools) -> Floats:
    samples = shape.shape[1]
    power = uniform_filter1d(shape**2, max(1, samples // WINDOWS), axis=1, mode="nearest")
    level = 0.5 * np.log(np.maximum(power[:, :: max(1, samples // (2 * WINDOWS))], FAINT**2))
    return np.asarray(np.maximum((level - _loudest_beside(level, bad)).max(axis=1), 0.0))


def _loudest_beside(level: Floats, bad: Bools) -> Floats:
    """The second highest level of the six nearest traces that are not bad; a trace without two keeps its own."""
    places = nearest(bad, 3)
    second = np.sort(np.where((places >= 0)[..., None], level[places], -np.inf), axis=0)[-2]
    return np.asarray(np.where(np.isfinite(second), second, level))


def _hum(shape: Floats, bad: Bools) -> Floats:
    level = np.log(_spectrum(shape) + 0.1 * FAINT)
    above = level - beside(level, bad)[2]
    around = np.ones((1, 2 * LINE_REACH + 1), dtype=bool)
    around[0, LINE_REACH - LINE_HALF : LINE_REACH + LINE_HALF + 1] = False
    line = above - maximum_filter(above, footprint=around, mode="nearest")
    return np.asarray(np.maximum(line.max(axis=1), 0.0))
