"""Training specification; reading and validating it needs no network library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from aemodels.core.spec import Spec
from aemodels.denoisers.training.blind_spot import BlindSpotSpec
from aemodels.noise import NoiseSpec


class TrainingSpec(Spec):
    """Parameters of the training loop."""

    earlier_names: ClassVar[Mapping[str, str]] = {"blind": "blind_spot"}

    epochs: int = Field(default=50, ge=1, le=10_000, description="maximum number of epochs")
    batch: int = Field(default=64, ge=1, le=65_536, description="windows per batch")
    steps: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="batches per epoch, drawn at random; null = every window once",
    )
    learning_rate: float = Field(default=1e-3, gt=0.0, le=1.0, description="Adam's initial learning rate")
    schedule: Literal["constant", "cosine", "plateau"] = Field(
        default="cosine",
        description="cosine: decay to 1 % over all epochs; plateau: halved after a third of the patience",
    )
    patience: int = Field(
        default=10, ge=1, le=1000, description="epochs without a better validation loss before stopping"
    )
    deterministic: bool = Field(
        default=False, description="bit-identical weights for equal seeds on one machine; slower"
    )
    clip_norm: float = Field(default=1.0, gt=0.0, le=1000.0, description="maximum global gradient norm")
    noise: tuple[NoiseSpec, ...] = Field(
        default=(), description="corruption of the inputs, different in each epoch; empty = plain autoencoder"
    )
    blind_spot: BlindSpotSpec | None = Field(
        default=None, description="self-supervised blind-spot training on noisy recordings, without a clean target"
    )
    generated_lines: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="panels of traces: sections generated with the seed, trained on beside the given ones",
    )
    elsewhere_share: float = Field(
        default=0.0,
        ge=0.0,
        le=0.9,
        description="wells: share of each batch that is drawn from wells of other basins, if the data have any",
    )
    stride: int = Field(default=16, ge=1, le=4096, description="distance between training windows, in samples")
    observed: float = Field(
        default=0.5, ge=0.0, le=1.0, description="minimum observed share of a window's best channel"
    )
    flip: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="share of windows turned upside down; for panels, with their traces in reverse order",
    )
    invert: float = Field(default=0.0, ge=0.0, le=1.0, description="share of windows with reversed polarity")
    scale: float = Field(default=0.0, ge=0.0, le=0.9, description="random gain of each channel: 1 - scale to 1 + scale")
    offset: float = Field(
        default=0.0, ge=0.0, le=2.0, description="random shift of each channel: -offset to offset, in normalised units"
    )
    weight_by_sigma: bool = Field(
        default=False, description="divide a window's loss by its estimated noise standard deviation"
    )
    validation_repeats: int = Field(default=1, ge=1, le=20, description="noisy copies of each validation window")
