"""Convolutional building blocks along samples (rank 1) or over samples and traces (rank 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from keras import layers

# Of running means and variances: an epoch may be a few dozen batches, of which keras' 0.99 would remember the start.
_MOMENTUM = 0.9


@dataclass(frozen=True)
class Convolutions:
    """How wide, how long, and over how many axes.

    Args:
        rank: 1 = along samples, 2 = over samples and traces.
        widths: filters of each level, top first.
        kernel: filter length in samples (and traces).
    """

    rank: Literal[1, 2]
    widths: Sequence[int]
    kernel: int

    def filters(self, width: int, size: int | None = None, **options: Any) -> Any:
        """A convolution with `width` filters that keeps the window's size."""
        layer = layers.Conv1D if self.rank == 1 else layers.Conv2D
        return layer(width, size or self.kernel, padding="same", **options)

    def halve(self, how: Literal["average", "max"]) -> Any:
        """Pooling by two."""
        average = layers.AveragePooling1D if self.rank == 1 else layers.AveragePooling2D
        greatest = layers.MaxPooling1D if self.rank == 1 else layers.MaxPooling2D
        return (average if how == "average" else greatest)(2)

    def double(self) -> Any:
        return (layers.UpSampling1D if self.rank == 1 else layers.UpSampling2D)(2)

    def pad(self, x: Any, step: int) -> Any:
        """Zeros behind the window's end, up to a multiple of `step` on each axis."""
        missing = [-size % step for size in x.shape[1:-1]]
        return self._edge(x, missing, layers.ZeroPadding1D, layers.ZeroPadding2D)

    def crop(self, x: Any, size: Sequence[int]) -> Any:
        """The inverse of `pad`: the first `size` places of each axis."""
        surplus = [found - wanted for found, wanted in zip(x.shape[1:-1], size, strict=True)]
        return self._edge(x, surplus, layers.Cropping1D, layers.Cropping2D)

    def _edge(self, x: Any, behind: list[int], along: Any, over: Any) -> Any:
        if not any(behind):
            return x
        sides = [(0, count) for count in behind]
        return along(sides[0])(x) if self.rank == 1 else over(tuple(sides))(x)


def unet(x: Any, shape: Convolutions, block: Literal["plain", "residual"] = "plain") -> Any:
    """Down and up again with a skip connection at each level: [window, ..., widths[0]], of the input's size."""

    def level(x: Any, width: int) -> Any:
        inner = shape.filters(width, activation="gelu")(x)
        if block == "plain":
            return shape.filters(width, activation="gelu")(inner)
        inner = shape.filters(width)(inner)
        past = x if x.shape[-1] == width else shape.filters(width, 1)(x)
        return layers.Activation("gelu")(layers.Add()([inner, past]))

    size = x.shape[1:-1]
    x = shape.pad(x, 2 ** (len(shape.widths) - 1))
    skips = []
    for width in shape.widths[:-1]:
        x = level(x, width)
        skips.append(x)
        x = shape.halve("average")(x)
    x = level(x, shape.widths[-1])
    for width, skip in zip(reversed(shape.widths[:-1]), reversed(skips), strict=True):
        x = level(layers.Concatenate()([shape.double()(x), skip]), width)
    return shape.crop(x, size)


def convolutional_encoder(x: Any, shape: Convolutions) -> Any:
    """Convolution, batch normalisation and pooling a level, then flat: [window, size]."""
    x = shape.pad(x, 2 ** len(shape.widths))
    for width in shape.widths:
        x = shape.halve("max")(_normalised(x, shape, width))
    return layers.Flatten()(x)


def convolutional_decoder(code: Any, shape: Convolutions, size: Sequence[int]) -> Any:
    """The mirror image of `convolutional_encoder`: from codes [window, latent] to [window, *size, widths[0]]."""
    step = 2 ** len(shape.widths)
    small = [-(-places // step) for places in size]
    count = shape.widths[-1]
    for places in small:
        count *= places
    x = layers.Dense(count, activation="gelu")(code)
    x = layers.Reshape((*small, shape.widths[-1]))(x)
    for width in reversed(shape.widths):
        x = _normalised(shape.double()(x), shape, width)
    return shape.crop(x, size)


def _normalised(x: Any, shape: Convolutions, width: int) -> Any:
    x = shape.filters(width, use_bias=False)(x)  # the normalisation has a bias of its own
    return layers.Activation("gelu")(layers.BatchNormalization(momentum=_MOMENTUM)(x))
