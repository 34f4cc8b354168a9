"""Blind-spot training (Noise2Self): each sample is predicted from its neighbours, which excludes independent noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.ndimage import uniform_filter1d

from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.signal.gaps import fill_windows
from aemodels.signal.noise_estimate import noise_sigma

# Samples over which the power of the residual is averaged: few enough to resolve a bed boundary, enough to be stable.
POWER_WINDOW = 33


class BlindSpotSpec(Spec):
    """Self-supervised training: samples on a grid are hidden from the input, and the loss counts only these.

    The recorded values are the target. If their noise is independent of that of the neighbouring samples, the best
    prediction from the neighbours is the signal. The trained network denoises in the same way: in `period` passes,
    each sample is predicted once, by a network that has not seen it.

    References:
        Batson & Royer (2019), ICML (Noise2Self, J-invariance); Krull, Buchholz & Jug (2019), CVPR (Noise2Void);
        Laine, Karras, Lehtinen & Aila (2019), NeurIPS (combination of the sample with its prediction).
    """

    period: int = Field(default=8, ge=2, le=64, description="distance between predicted samples, in samples")
    reach: int = Field(
        default=0,
        ge=0,
        le=16,
        description="neighbours hidden on either side of a predicted sample: the correlation length of the noise",
    )

    estimate: Literal["prediction", "posterior"] = Field(
        default="posterior",
        description="prediction: from the neighbours alone; posterior: moved towards the recorded sample where the "
        "residual exceeds the estimated noise",
    )

    @model_validator(mode="after")
    def _something_seen(self) -> Self:
        if self.period <= 2 * self.reach + 1:
            raise ValueError(f"period {self.period} with reach {self.reach} hides everything; expected a longer period")
        return self

    def grid(self, samples: int, phase: NDArray[np.int64]) -> tuple[BoolArray, BoolArray]:
        """Return masks of the predicted and of the hidden samples, bool[window, sample, feature].

        Args:
            samples: samples per window.
            phase: int64[window, 1, feature], offset of the grid.
        """
        position = (np.arange(samples)[None, :, None] + phase) % self.period
        distance = np.minimum(position, self.period - position)
        return position == 0, distance <= self.reach


def hide(values: FloatArray, mask: BoolArray, hidden: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Hide samples from windows.

    Args:
        values: float32[window, sample, feature].
        mask: bool of the same shape, True = observed.
        hidden: bool of the same shape.

    Returns:
        Values and mask: hidden samples and gaps are interpolated from the visible samples, so that no information of
        a hidden sample remains, not even in a gap filled from it. A feature without visible samples is 0, one that
        was never observed is unchanged.
    """
    seen = mask & ~hidden
    filled = fill_windows(values, seen, 0.0)
    return np.where(mask.any(axis=1, keepdims=True), filled, values).astype(np.float32), seen


def draw_grid(
    spec: BlindSpotSpec, shape: tuple[int, int, int], rng: np.random.Generator
) -> tuple[BoolArray, BoolArray]:
    """Draw `BlindSpotSpec.grid` with a random offset per window and feature."""
    windows, samples, features = shape
    return spec.grid(samples, rng.integers(0, spec.period, (windows, 1, features)))


def blind_spot_estimate(denoise: Callable[[Section], FloatArray], section: Section, spec: BlindSpotSpec) -> FloatArray:
    """Estimate every sample in a pass in which it is hidden: float32[channel, sample].

    Args:
        denoise: function from a section to its estimate in normalised units.
        section: the noisy section.
        spec: the grid; it is offset between neighbouring channels.
    """
    channels, samples = section.values.shape
    windows = section.values.T[None], section.mask.T[None]
    out = np.empty((channels, samples), dtype=np.float32)
    for phase in range(spec.period):
        offsets = (phase + (spec.period // 2) * np.arange(channels))[None, None, :]
        predicted, hidden = (np.broadcast_to(grid, windows[0].shape) for grid in spec.grid(samples, offsets))
        values, seen = hide(*windows, hidden)
        masked = Section(section.name, values[0].T.copy(), seen[0].T.copy(), section.scale, section.noise)
        out[predicted[0].T] = denoise(masked)[predicted[0].T]
    return out if spec.estimate == "prediction" else _posterior(out, section)


def _posterior(prediction: FloatArray, section: Section) -> FloatArray:
    """Return the mean of prediction and sample, each weighted by the other's variance.

    The residual is noise plus prediction error. Its local power less the noise power, estimated from the section, is
    the error variance: near bed boundaries the recorded sample counts, elsewhere hardly.
    """
    difference = np.where(section.mask, section.values - prediction, 0).astype(np.float64)
    share = uniform_filter1d(section.mask.astype(np.float64), POWER_WINDOW, axis=1)
    power = uniform_filter1d(difference**2, POWER_WINDOW, axis=1) / np.maximum(share, 1 / POWER_WINDOW)
    noise = noise_sigma(section.values, section.mask).astype(np.float64) ** 2
    kept = np.clip(1 - noise / np.maximum(power, 1e-30), 0, 1)
    return np.asarray(prediction + kept * difference, dtype=np.float32)
