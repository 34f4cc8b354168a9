"""What a training run is told: no network library is needed to read or check it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from aemodels.core.spec import Spec
from aemodels.denoisers.training.blind_spot import BlindSpotSpec
from aemodels.noise import NoiseSpec


class TrainingSpec(Spec):
    """The one training loop's parameters."""

    earlier_names: ClassVar[Mapping[str, str]] = {"blind": "blind_spot"}

    epochs: int = Field(default=50, ge=1, le=10_000, description="epochs at most")
    batch: int = Field(default=64, ge=1, le=65_536, description="windows in a batch")
    steps: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="batches in an epoch, drawn anew each time; all windows once if unset",
    )
    learning_rate: float = Field(default=1e-3, gt=0.0, le=1.0, description="Adam's initial learning rate")
    schedule: Literal["constant", "cosine", "plateau"] = Field(
        default="cosine", description="cosine to 1 % over all epochs; plateau halves after a third of the patience"
    )
    patience: int = Field(
        default=10, ge=1, le=1000, description="epochs without a better validation loss before stopping"
    )
    deterministic: bool = Field(
        default=False, description="equal seeds give equal weights bit by bit on one machine; slower"
    )
    clip_norm: float = Field(default=1.0, gt=0.0, le=1000.0, description="global gradient norm at most")
    noise: tuple[NoiseSpec, ...] = Field(
        default=(), description="corruption, drawn anew each epoch; empty = plain autoencoder"
    )
    blind_spot: BlindSpotSpec | None = Field(
        default=None, description="train on recordings that are noisy themselves, without a clean target"
    )
    stride: int = Field(default=16, ge=1, le=4096, description="samples between training windows")
    observed: float = Field(default=0.5, ge=0.0, le=1.0, description="least observed share of a window's best channel")
    flip: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="share of the windows turned upside down; of panels, with their traces in reverse order",
    )
    invert: float = Field(default=0.0, ge=0.0, le=1.0, description="share of the windows with their polarity reversed")
    scale: float = Field(default=0.0, ge=0.0, le=0.9, description="random gain of each feature: 1 - scale to 1 + scale")
    offset: float = Field(default=0.0, ge=0.0, le=2.0, description="random shift of each feature, normalised units")
    weight_by_sigma: bool = Field(default=False, description="divide a window's loss by its noise estimate")
    validation_repeats: int = Field(default=1, ge=1, le=20, description="noisy copies of each validation window")
