"""Plausibility of decoded samples: a wrong format or byte order shows in their range and roughness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MIN_SAMPLES = 1000  # non-zero samples needed for a decision
MAX_DECADES = 12.0  # between the 5th and the 99th percentile of amplitude; wrong exponents spread over 40 to 150
MAX_FAULTY_SHARE = 0.2  # of samples that are no finite number
SMALL = 2**24  # integers below this exist in any signal of integers, and are no normalised float
MIN_SMALL_SHARE = 0.002
NOISE = 0.9  # median step between neighbouring samples, in medians of amplitude, from which a signal is like noise
MIN_ENTROPY_STEP = 2.0  # bits by which the first byte of a wrong byte order exceeds the last one
BOTH_SIGNS = 0.1  # smallest share of the rarer sign in a signal
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
    return bool(np.log10(high) - np.log10(low) < MAX_DECADES)


def are_integers(words: NDArray[np.int64] | NDArray[np.float64]) -> bool:
    """Return True if four-byte integers can be samples: some are small, as in any signal; those of floats never are."""
    nonzero = words[words != 0]
    if nonzero.size < MIN_SAMPLES or not BOTH_SIGNS < float(np.mean(nonzero < 0)) < 1 - BOTH_SIGNS:
        return True  # too few, or an offset
    return bool(np.count_nonzero(np.abs(nonzero) < SMALL) >= MIN_SMALL_SHARE * nonzero.size)


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


def is_swapped(words: NDArray[np.int16] | NDArray[np.int32]) -> bool:
    """Return True if integers look like a signal in the other byte order only.

    In the wrong order the first byte is the last one of the signal, which takes all values alike, and the last byte
    takes few; or the samples are noise and the swapped ones are smooth.

    Args:
        words: [trace, sample] in native byte order.
    """
    swapped = words.byteswap()
    if np.count_nonzero(words) < MIN_SAMPLES:
        return False
    negative = float(np.mean(swapped[swapped != 0] < 0))
    shift = 8 * (words.dtype.itemsize - 1)
    first, last = (_entropy((words >> bits) & 0xFF) for bits in (shift, 0))
    if first - last > MIN_ENTROPY_STEP:
        return BOTH_SIGNS < negative < 1 - BOTH_SIGNS
    rough, smooth = roughness(words.astype(np.float64)), roughness(swapped.astype(np.float64))
    return bool(rough > NOISE and smooth < MAX_ROUGHNESS_RATIO * rough)


def _entropy(values: NDArray[np.int16] | NDArray[np.int32]) -> float:
    """Return the entropy of bytes in bits."""
    counts = np.bincount(values.ravel().astype(np.int64), minlength=256)
    share = counts[counts > 0] / values.size
    return float(-(share * np.log2(share)).sum())
