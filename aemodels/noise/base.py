"""Base class and level helpers of the noise kinds."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray

Positive: TypeAlias = Annotated[float, Field(gt=0.0, le=100.0)]
Level: TypeAlias = Positive | tuple[Positive, Positive]
Decibel: TypeAlias = Annotated[float, Field(ge=-60.0, le=120.0)]


class NoiseBase(Spec):
    """Noise on normalised windows.

    Arrays are [window, sample, feature]; a section is one window (see `noise.corrupt`).
    """

    @abstractmethod
    def apply(self, values: FloatArray, mask: BoolArray, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]:
        """Return corrupted values and mask; the arguments are not changed.

        Args:
            values: float32[window, sample, feature], normalised, finite.
            mask: bool of the same shape, True = observed.
            rng: random generator.
        """


def draw_level(level: Level, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a constant level, or levels drawn log-uniformly between two bounds, as float32 of `shape`."""
    if isinstance(level, tuple):
        low, high = np.log(level[0]), np.log(level[1])
        return np.exp(rng.uniform(low, high, shape)).astype(np.float32)
    return np.full(shape, level, dtype=np.float32)


def signal_power(values: FloatArray, mask: BoolArray) -> NDArray[np.float32]:
    """Return the variance of each window, pooled over its channels, over observed samples: float32[window, 1, 1]."""
    count = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    mean = np.where(mask, values, 0).sum(axis=1, keepdims=True) / count
    square = np.where(mask, (values - mean) ** 2, 0).sum(axis=(1, 2), keepdims=True)
    return np.asarray(square / np.maximum(mask.sum(axis=(1, 2), keepdims=True), 1), dtype=np.float32)
