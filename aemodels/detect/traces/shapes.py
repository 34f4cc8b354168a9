"""Traces divided by their rms, and what several kinds of evidence need of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import uniform_filter1d

from aemodels.detect.traces.neighbours import Floats, rms_of
from aemodels.signal.running_median import running_median

# Amplitudes are in units of the line's median rms (see signal/normalise.py); below this a trace counts as silent.
SILENT = 1e-4
TRACE_ENVELOPE_SAMPLES, NEIGHBOUR_ENVELOPE_SAMPLES = 21, 31  # of the envelopes that a sample is compared with


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
    def own_envelope(self) -> Floats:
        """Running median of the magnitude along each trace."""
        return running_median(self.magnitude, TRACE_ENVELOPE_SAMPLES)

    @cached_property
    def smooth_envelope(self) -> Floats:
        """Running mean of the magnitude along each trace."""
        return np.asarray(uniform_filter1d(self.magnitude, NEIGHBOUR_ENVELOPE_SAMPLES, axis=1, mode="nearest"))

    @cached_property
    def spectrum(self) -> Floats:
        """Amplitude spectrum of the tapered traces, float32[trace, frequency]."""
        taper = np.hanning(self.shape.shape[1] + 2)[1:-1].astype(self.shape.dtype)
        return np.asarray(np.abs(np.fft.rfft(self.shape * taper, axis=1)) / np.sqrt(self.shape.shape[1]))
