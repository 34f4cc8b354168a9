"""Band-limited noise: swell, residual ground roll, cultural noise."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from aemodels.core.types import BoolArray, FloatArray
from aemodels.noise.base import Decibel, Level, NoiseBase, draw_level, signal_power


class BandLimited(NoiseBase):
    """Gaussian noise in a frequency band with raised-cosine edges."""

    kind: Literal["band_limited"] = "band_limited"
    factor: Level | None = Field(
        default=None, description="standard deviation in normalised units; [low, high] = log-uniform per window"
    )
    snr_db: Decibel | None = Field(default=None, description="signal-to-noise power ratio of the whole window [dB]")
    band: tuple[float, float] = Field(
        default=(0.04, 0.3), description="pass band [low, high] as shares of the sampling frequency"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.factor is None) == (self.snr_db is None):
            raise ValueError("give exactly one of factor and snr_db")
        if not 0.0 <= self.band[0] < self.band[1] <= 0.5:
            raise ValueError(f"band is {self.band}; expected 0 <= low < high <= 0.5 of the sampling frequency")
        return self

    def apply(self, values: FloatArray, mask: BoolArray, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]:
        white = rng.standard_normal(values.shape, dtype=np.float32)
        spectrum = np.fft.rfft(white, axis=1) * self._response(values.shape[1])[None, :, None]
        noise = np.fft.irfft(spectrum, n=values.shape[1], axis=1)
        noise /= np.maximum(noise.std(axis=(1, 2), keepdims=True), 1e-12)
        if self.factor is None:
            sigma = np.sqrt(signal_power(values, mask)) * np.float32(10 ** (-(self.snr_db or 0.0) / 20))
        else:
            sigma = draw_level(self.factor, (len(values), 1, 1), rng)
        return (values + noise * sigma).astype(np.float32), mask

    def _response(self, samples: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        frequency = np.fft.rfftfreq(samples)
        low, high = self.band
        edge_low, edge_high = low / 2, min(0.5, high * 1.25)
        rise = np.clip((frequency - edge_low) / max(low - edge_low, 1e-9), 0, 1)
        fall = np.clip((edge_high - frequency) / max(edge_high - high, 1e-9), 0, 1)
        response = 0.5 - 0.5 * np.cos(np.pi * np.minimum(rise, fall))
        return np.asarray(response if response.any() else np.ones_like(frequency))
