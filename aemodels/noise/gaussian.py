"""White Gaussian noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from aemodels.core.types import BoolArray, FloatArray
from aemodels.noise.base import Decibel, Level, NoiseBase, draw_level, signal_power


class Gaussian(NoiseBase):
    """White Gaussian noise with a given standard deviation or signal-to-noise ratio."""

    earlier_names: ClassVar[Mapping[str, str]] = {"uneven": "per_channel_share"}

    kind: Literal["gaussian"] = "gaussian"
    factor: Level | None = Field(
        default=None,
        description="standard deviation in normalised units; [low, high] = log-uniform per window",
    )
    snr_db: Decibel | None = Field(default=None, description="signal-to-noise power ratio of the whole window [dB]")
    per_channel_share: float = Field(
        default=0.0, ge=0.0, le=1.0, description="share of windows in which each channel has its own level"
    )

    @model_validator(mode="after")
    def _one_level(self) -> Self:
        if (self.factor is None) == (self.snr_db is None):
            raise ValueError("give exactly one of factor and snr_db")
        return self

    def sigma(self, values: FloatArray, mask: BoolArray, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return the standard deviation float32[window, 1, feature] in normalised units."""
        windows, _, features = values.shape
        if self.factor is None:
            ratio = 10 ** (-(self.snr_db or 0.0) / 20)
            return np.repeat(np.sqrt(signal_power(values, mask)) * np.float32(ratio), features, axis=2)
        shared = draw_level(self.factor, (windows, 1, 1), rng)
        own = draw_level(self.factor, (windows, 1, features), rng)
        return np.where(rng.random((windows, 1, 1)) < self.per_channel_share, own, shared)

    def apply(self, values: FloatArray, mask: BoolArray, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]:
        noise = rng.standard_normal(values.shape, dtype=np.float32) * self.sigma(values, mask, rng)
        return values + noise, mask
