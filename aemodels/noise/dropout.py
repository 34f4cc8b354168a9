"""Dropout: gaps and missing channels."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from aemodels.core.types import BoolArray, FloatArray
from aemodels.noise.base import NoiseBase


class Dropout(NoiseBase):
    """Runs of samples and whole channels removed from the mask and set to the mean of the window."""

    kind: Literal["dropout"] = "dropout"
    share: float = Field(default=0.03, ge=0.0, le=0.9, description="expected share of samples in gaps")
    length: int = Field(
        default=10, ge=1, le=1000, description="maximum gap length in samples; lengths are uniform from 1"
    )
    channels: float = Field(
        default=0.0, ge=0.0, le=0.9, description="share of a window's channels that are removed entirely"
    )

    def apply(self, values: FloatArray, mask: BoolArray, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]:
        windows, samples, features = values.shape
        mean_length = (self.length + 1) / 2
        lost = np.zeros(values.shape, dtype=bool)
        starts = np.argwhere(rng.random(values.shape, dtype=np.float32) < self.share / mean_length)
        lengths = rng.integers(1, self.length + 1, len(starts))
        for (window, start, feature), length in zip(starts, lengths, strict=True):
            lost[window, start : start + length, feature] = True
        whole = rng.random((windows, 1, features)) < self.channels
        empty = np.flatnonzero(whole.all(axis=(1, 2)))
        whole[empty, 0, rng.integers(0, features, len(empty))] = False  # a window keeps at least one channel
        lost |= np.broadcast_to(whole, (windows, samples, features))
        count = np.maximum(mask.sum(axis=1, keepdims=True), 1)
        mean = np.where(mask, values, 0).sum(axis=1, keepdims=True) / count
        return np.where(lost, mean, values).astype(np.float32), mask & ~lost
