"""Features of a trace that do not depend on the gain of the line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import FloatArray

TRACE_FEATURES: Mapping[str, str] = {
    "relative_rms": "rms over the median rms of the recording's live traces",
    "frequency": "centre of the power spectrum, as a share of the Nyquist frequency",
    "bandwidth": "standard deviation of the power spectrum, as a share of the Nyquist frequency",
    "kurtosis": "excess kurtosis of the samples: 0 for normal noise, high for spikes",
    "autocorrelation": "of neighbouring samples: near 1 for smooth traces, near 0 for white noise",
}
_BLOCK = 512  # traces at a time, to bound the memory that the spectra of a long line take


def trace_features(values: FloatArray) -> dict[str, FloatArray]:
    """Compute gain-independent features of each trace; NaN for a dead or constant trace.

    Args:
        values: float32[trace, sample]; missing samples count as zero.

    Returns:
        Name in `TRACE_FEATURES` → float32[trace].
    """
    blocks = [_block(values[start : start + _BLOCK]) for start in range(0, len(values), _BLOCK)]
    features = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    rms = features["relative_rms"]
    live = rms[np.isfinite(rms)]
    features["relative_rms"] = rms / (np.median(live) if live.size else 1.0)
    return {name: feature.astype(np.float32) for name, feature in features.items()}


def unit_peak(values: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return traces divided by their peaks, and the peaks, float64[trace, 1]; extreme amplitudes do not overflow."""
    filled = np.nan_to_num(values.astype(np.float64))
    peak = np.abs(filled).max(axis=1, keepdims=True, initial=0.0)
    return filled / np.where(peak > 0, peak, 1.0), peak


def _block(values: FloatArray) -> dict[str, NDArray[np.float64]]:
    scaled, peak = unit_peak(values)
    centred = scaled - scaled.mean(axis=1, keepdims=True)
    power = centred**2
    variance = np.mean(power, axis=1)
    alive = variance > 1e-12
    safe = np.where(alive, variance, 1.0)
    frequency, bandwidth = _spectrum(centred)
    neighbours = np.mean(centred[:, 1:] * centred[:, :-1], axis=1) if values.shape[1] > 1 else np.zeros(len(values))
    features = {
        "relative_rms": np.sqrt(np.mean(scaled**2, axis=1)) * peak[:, 0],
        "frequency": frequency,
        "bandwidth": bandwidth,
        "kurtosis": np.mean(power**2, axis=1) / safe**2 - 3.0,
        "autocorrelation": neighbours / safe,
    }
    return {name: np.where(alive, feature, np.nan) for name, feature in features.items()}


def _spectrum(centred: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return centre and standard deviation of the power spectra as shares of Nyquist, float64[trace] each."""
    power = np.abs(np.fft.rfft(centred, axis=1)) ** 2
    whole = power.sum(axis=1)
    power = power / np.where(whole > 0, whole, 1.0)[:, None]
    shares = 2.0 * np.fft.rfftfreq(centred.shape[1])
    centre = power @ shares
    return centre, np.sqrt(np.maximum(power @ shares**2 - centre**2, 0.0))
