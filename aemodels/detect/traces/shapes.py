"""Traces divided by their rms, and what several kinds of evidence need of them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import uniform_filter1d

from aemodels.detect.traces.neighbours import Floats, rms_of

# Amplitudes are in units of the line's median rms (see signal/normalise.py); below this a trace counts as silent.
SILENT = 1e-4
# Share of the trace's rms: weaker amplitudes are not a burst, even if the neighbours are muted there.
FAINT = 0.2
BANDS = 6
WINDOWS = 12  # per trace, the length over which bursts are measured
NEIGHBOUR_ENVELOPE_SAMPLES = 31  # of the envelope that a sample of another trace is compared with


@dataclass(frozen=True, eq=False)
class TraceShapes:
    """Traces with a rms of one, so that they do not depend on the gain; each quantity is worked out once.

    Args:
        values: float32[trace, sample], in units of the line's median rms.
    """

    values: Floats

    @cached_property
    def rms(self) -> Floats:
        """float32[trace]."""
        return rms_of(self.values)

    @cached_property
    def shape(self) -> Floats:
        """float32[trace, sample]; silent traces are divided by SILENT."""
        return np.asarray(self.values / np.maximum(self.rms, SILENT)[:, None])

    @cached_property
    def magnitude(self) -> Floats:
        """Absolute value of the shape."""
        return np.abs(self.shape)

    @cached_property
    def power(self) -> Floats:
        """Square of the shape."""
        return np.asarray(self.shape**2)

    @cached_property
    def fourth_moment(self) -> Floats:
        """Mean fourth power of each trace, float32[trace]."""
        return np.asarray((self.power**2).mean(axis=1))

    @cached_property
    def smooth_envelope(self) -> Floats:
        """Running mean of the magnitude along each trace."""
        return np.asarray(uniform_filter1d(self.magnitude, NEIGHBOUR_ENVELOPE_SAMPLES, axis=1, mode="nearest"))

    @cached_property
    def spectrum(self) -> Floats:
        """Amplitude spectrum of the tapered traces, float32[trace, frequency]."""
        taper = np.hanning(self.shape.shape[1] + 2)[1:-1].astype(self.shape.dtype)
        return np.asarray(np.abs(np.fft.rfft(self.shape * taper, axis=1)) / np.sqrt(self.shape.shape[1]))

    @cached_property
    def log_spectrum(self) -> Floats:
        """Natural logarithm of the spectrum above a floor."""
        return np.asarray(np.log(self.spectrum + 0.1 * FAINT))

    @cached_property
    def band_levels(self) -> Floats:
        """Natural logarithm of the rms of each frequency band, and of the lowest frequencies: float32[trace, band]."""
        size = self.spectrum.shape[1]
        edges = np.unique(np.round(np.linspace(0, size, BANDS + 1)).astype(int))
        parts = [self.spectrum[:, a:b] for a, b in itertools.pairwise(edges)]
        parts.append(self.spectrum[:, : max(2, size // 16)])  # swell lies below the first band's middle
        return np.stack([np.log(rms_of(part) + 0.1 * FAINT) for part in parts], axis=1)

    @cached_property
    def window_levels(self) -> Floats:
        """Natural logarithm of the rms in windows along each trace: float32[trace, window]."""
        samples = self.power.shape[1]
        power = uniform_filter1d(self.power, max(1, samples // WINDOWS), axis=1, mode="nearest")
        return np.asarray(0.5 * np.log(np.maximum(power[:, :: max(1, samples // (2 * WINDOWS))], FAINT**2)))
