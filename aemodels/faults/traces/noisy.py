"""Noisy: a trace with swell noise or a noise burst."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import FactorRange, Share, Site, TraceFault, sample_step, smooth_noise, trace_rms

Hertz = Annotated[float, Field(gt=0.0, le=500.0)]


class Noisy(TraceFault):
    """Low-frequency swell noise on the whole trace, or a broadband burst on part of it.

    References:
        Elboth, T., Reif, B. A. & Andreassen, O. (2009), Flow and swell noise in marine seismic, Geophysics 74(2)
        (swell noise: 1-15 Hz, several times the signal).
    """

    kind: Literal["noisy"] = "noisy"
    level: FactorRange = Field(default=(2.0, 5.0), description="rms of the noise as a multiple of the trace's rms")
    swell_hz: tuple[Hertz, Hertz] = Field(default=(2.0, 12.0), description="dominant frequency of swell [Hz]")
    swell_share: Share = Field(default=0.5, description="share of events that are swell; the others are bursts")
    burst: tuple[Share, Share] = Field(default=(0.25, 0.8), description="share of the trace that a burst covers")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        noise = np.stack([self._noise(out.shape[1], sample_step(recording), rng) for _ in out])
        level = np.array([rng.uniform(*self.level) * trace_rms(trace) for trace in out])
        return (out + level[:, None] * noise).astype(np.float32)

    def _noise(self, samples: int, step: float, rng: np.random.Generator) -> NDArray[np.float64]:
        swell = rng.random() < self.swell_share
        return self._swell(samples, step, rng) if swell else self._burst(samples, rng)

    def _swell(self, samples: int, step: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw narrow-band noise of unit RMS, float64[samples]."""
        phase = 2.0 * np.pi * rng.uniform(*self.swell_hz) * step * np.arange(samples)
        width = max(1.0, 0.15 / step)  # the amplitude varies over about 0.15 s
        swell = smooth_noise(samples, width, rng) * np.cos(phase) + smooth_noise(samples, width, rng) * np.sin(phase)
        return np.asarray(swell / max(trace_rms(swell), 1e-12))

    def _burst(self, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw white noise under a half-sine bell with unit RMS within the bell, float64[samples]."""
        length = max(2, round(rng.uniform(*self.burst) * samples))
        start = int(rng.integers(0, samples - length + 1))
        bell = np.sin(np.pi * (np.arange(length) + 0.5) / length)
        noise = np.zeros(samples)
        noise[start : start + length] = bell * rng.standard_normal(length)
        return noise / max(trace_rms(noise[start : start + length]), 1e-12)
