"""Plausibility of decoded samples: a wrong format or byte order shows in their range and roughness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MIN_SAMPLES = 100  # non-zero samples needed for a decision
MAX_DECADES = 12.0  # between the 5th and the 99th percentile of amplitude; wrong exponents spread over 40 to 150
MAX_FAULTY_SHARE = 0.2  # of samples that are no finite number
LARGEST = 1e25
SMALL = 2**24  # integers below this exist in any signal of integers, and are no normalised float
MIN_SMALL_SHARE = 0.002
NOISE = 0.9  # median step between neighbouring samples, in medians of amplitude, from which a signal is like noise
MIN_AMPLITUDE_RATIO = 100.0  # of the median amplitudes, from which the smaller is that of the right byte order
MAX_ROUGHNESS_RATIO = 0.5  # of the right byte order to the wrong one


def are_floats(values: NDArray[np.float64]) -> bool:
    """Return True if decoded floats have amplitudes of one signal.

    Args:
        values: float64[trace, sample]; not finite where the format gives none.
    """
    finite = np.isfinite(values)
    amplitude = np.abs(values[finite & (values != 0)])
    if np.count_nonzero(~finite) > MAX_FAULTY_SHARE * values.size:
        return False
    if amplitude.size < MIN_SAMPLES:
        return True
    low, high = np.percentile(amplitude, (5, 99))
    return bool(np.log10(high) - np.log10(low) < MAX_DECADES and high < LARGEST and high > 1 / LARGEST)


def are_integers(words: NDArray[np.int64] | NDArray[np.float64]) -> bool:
    """Return True if four-byte integers can be samples: some are small, as in any signal; those of floats never are."""
    nonzero = np.abs(words[words != 0])
    return nonzero.size < MIN_SAMPLES or bool(np.count_nonzero(nonzero < SMALL) >= MIN_SMALL_SHARE * nonzero.size)


def roughness(values: NDArray[np.float64]) -> float:
    """Return the median step between neighbouring samples in medians of amplitude; about 1.4 for white noise.

    Args:
        values: float64[trace, sample].
    """
    amplitude = np.abs(values[values != 0])
    if values.shape[-1] < 2 or amplitude.size < MIN_SAMPLES:
        return float("nan")
    steps = np.abs(np.diff(values, axis=-1))
    return float(np.median(steps[(values[..., 1:] != 0) | (values[..., :-1] != 0)]) / np.median(amplitude))


def is_swapped(declared: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Return True if integers are noise in the declared byte order and a signal, or small numbers, in the other one."""
    amplitudes = [np.abs(values[values != 0]) for values in (declared, other)]
    if all(amplitude.size >= MIN_SAMPLES for amplitude in amplitudes):
        large, small = (float(np.median(amplitude)) for amplitude in amplitudes)
        if large > MIN_AMPLITUDE_RATIO * small:
            return True
    rough, smooth = roughness(declared), roughness(other)
    return rough > NOISE and smooth < MAX_ROUGHNESS_RATIO * rough
