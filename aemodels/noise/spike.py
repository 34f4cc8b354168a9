"""Spike noise: telemetry errors and tool noise."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from aemodels.core.types import BoolArray, FloatArray
from aemodels.noise.base import Level, NoiseBase, draw_level


class SpikeNoise(NoiseBase):
    """Single-sample spikes of random sign."""

    kind: Literal["spike"] = "spike"
    factor: Level = Field(
        default=(0.2, 0.8), description="height in normalised units; [low, high] = log-uniform per spike"
    )
    share: float = Field(
        default=0.03, gt=0.0, le=0.5, description="share of samples with a spike, in windows with spikes"
    )
    windows: float = Field(default=1.0, gt=0.0, le=1.0, description="share of windows with spikes")

    def apply(self, values: FloatArray, mask: BoolArray, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]:
        hit = (rng.random(values.shape, dtype=np.float32) < self.share) & mask
        hit &= rng.random((len(values), 1, 1)) < self.windows
        count = int(hit.sum())
        out = values.copy()
        out[hit] += draw_level(self.factor, (count,), rng) * rng.choice(np.array([-1, 1], dtype=np.float32), count)
        return out, mask
