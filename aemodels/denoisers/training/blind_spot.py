"""Blind training: every sample is predicted from what is around it, so noise that is its own cannot be learned."""

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

# Samples over which the power of a difference is averaged: few enough to tell a bed boundary, enough to be steady.
AROUND = 33


class BlindSpotSpec(Spec):
    """Training without a clean target: samples on a grid are hidden, and the loss asks for these alone.

    What is recorded is the target. Where its noise is independent of that of the samples around it, the best
    prediction from these is the signal. The trained network denoises in the same way: in as many passes as the grid
    has places, each sample is predicted once, by a network that has not seen it.

    References:
        Batson & Royer (2019), ICML (Noise2Self, J-invariance); Krull, Buchholz & Jug (2019), CVPR (Noise2Void);
        Laine, Karras, Lehtinen & Aila (2019), NeurIPS (the sample itself beside its prediction).
    """

    period: int = Field(default=8, ge=2, le=64, description="samples from one that is predicted to the next")
    reach: int = Field(
        default=0,
        ge=0,
        le=16,
        description="neighbours on either side that are hidden with it: as far as noise is correlated",
    )

    estimate: Literal["prediction", "posterior"] = Field(
        default="posterior",
        description="prediction: from the others alone; posterior: moved towards the sample itself where they predict "
        "it worse than its noise explains",
    )

    @model_validator(mode="after")
    def _something_seen(self) -> Self:
        if self.period <= 2 * self.reach + 1:
            raise ValueError(f"period {self.period} with reach {self.reach} hides everything; expected a longer period")
        return self

    def grid(self, samples: int, phase: NDArray[np.int64]) -> tuple[BoolArray, BoolArray]:
        """Which samples are predicted, and which are hidden: bool of the shape of `phase` with `samples` along axis 1.

        Args:
            samples: in a window.
            phase: int64[window, 1, feature], place of the grid in each.
        """
        place = (np.arange(samples)[None, :, None] + phase) % self.period
        distance = np.minimum(place, self.period - place)
        return place == 0, distance <= self.reach


def hide(values: FloatArray, mask: BoolArray, hidden: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Windows as they are seen without the hidden samples.

    Args:
        values: float32[window, sample, feature].
        mask: bool of the same shape, True = observed.
        hidden: bool of the same shape.

    Returns:
        Values and mask: hidden samples and gaps are interpolated from those seen, so that nothing of a hidden one is
        left, also not in a gap beside it that had been filled from it. A feature without any is 0, one that was never
        observed stays as it is.
    """
    seen = mask & ~hidden
    filled = fill_windows(values, seen, 0.0)
    return np.where(mask.any(axis=1, keepdims=True), filled, values).astype(np.float32), seen


def draw_grid(
    spec: BlindSpotSpec, shape: tuple[int, int, int], rng: np.random.Generator
) -> tuple[BoolArray, BoolArray]:
    """As `BlindSpotSpec.grid`, at random places in every feature of every window [window, sample, feature]."""
    windows, samples, features = shape
    return spec.grid(samples, rng.integers(0, spec.period, (windows, 1, features)))


def blind_spot_estimate(denoise: Callable[[Section], FloatArray], section: Section, spec: BlindSpotSpec) -> FloatArray:
    """Every sample from a pass in which it was hidden: float32[channel, sample].

    Args:
        denoise: of a section, in normalised units.
        section: noisy.
        spec: the grid; neighbouring channels are hidden at different places.
    """
    channels, samples = section.values.shape
    windows = section.values.T[None], section.mask.T[None]
    out = np.empty((channels, samples), dtype=np.float32)
    for phase in range(spec.period):
        places = (phase + (spec.period // 2) * np.arange(channels))[None, None, :]
        asked, hidden = (np.broadcast_to(grid, windows[0].shape) for grid in spec.grid(samples, places))
        values, seen = hide(*windows, hidden)
        partly = Section(section.name, values[0].T.copy(), seen[0].T.copy(), section.scale, section.noise)
        out[asked[0].T] = denoise(partly)[asked[0].T]
    return out if spec.estimate == "prediction" else _posterior(out, section)


def _posterior(predicted: FloatArray, section: Section) -> FloatArray:
    """The mean of prediction and sample, each weighted by the other's variance.

    What a sample differs by from its prediction is noise and error of the prediction. Its power around the sample less
    the noise's, estimated from the section, is the error's: near bed boundaries the sample counts, elsewhere hardly.
    """
    difference = np.where(section.mask, section.values - predicted, 0).astype(np.float64)
    share = uniform_filter1d(section.mask.astype(np.float64), AROUND, axis=1)
    power = uniform_filter1d(difference**2, AROUND, axis=1) / np.maximum(share, 1 / AROUND)
    noise = noise_sigma(section.values, section.mask).astype(np.float64) ** 2
    kept = np.clip(1 - noise / np.maximum(power, 1e-30), 0, 1)
    return np.asarray(predicted + kept * difference, dtype=np.float32)
