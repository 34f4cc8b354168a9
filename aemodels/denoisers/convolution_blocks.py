"""Convolutional building blocks along samples (rank 1) or over samples and traces (rank 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

# Of the running means and variances. An epoch may have only a few dozen batches; Keras' default of 0.99 adapts too
# slowly for that.
_MOMENTUM = 0.9


@dataclass(frozen=True)
class Convolutions:
    """Widths, filter length and rank of a stack of convolutions.

    Args:
        rank: 1 = along samples, 2 = over samples and traces.
        widths: number of filters per level, top first.
        kernel: filter length in samples (and traces).
        activation: after the filters of a U-Net.
    """

    rank: Literal[1, 2]
    widths: Sequence[int]
    kernel: int
    activation: Literal["gelu", "relu"] = "gelu"

    def filters(self, width: int, size: int | None = None, **options: Any) -> Any:
        """Return a convolution with `width` filters that keeps the window's size."""
        from keras import layers

        layer = layers.Conv1D if self.rank == 1 else layers.Conv2D
        return layer(width, size or self.kernel, padding="same", **options)

    def downsample(self, how: Literal["average", "max"]) -> Any:
        """Return pooling by two."""
        from keras import layers

        average = layers.AveragePooling1D if self.rank == 1 else layers.AveragePooling2D
        greatest = layers.MaxPooling1D if self.rank == 1 else layers.MaxPooling2D
        return (average if how == "average" else greatest)(2)

    @property
    def step(self) -> int:
        """Samples (and traces) of the coarsest level of a U-Net: sizes are multiples of it."""
        return 1 << (len(self.widths) - 1)

    @property
    def reach(self) -> int:
        """Samples (and traces) on either side of one that the output of a U-Net depends on, as a multiple of `step`."""
        half = self.kernel // 2
        levels = [1 << level for level in range(len(self.widths))]
        samples = (
            2 * half * (sum(levels) + sum(levels[:-1])) + 2 * self.step
        )  # two filters a level; pooling, upsampling
        return -(-samples // self.step) * self.step

    def upsample(self) -> Any:
        """Return upsampling by two."""
        from keras import layers

        return (layers.UpSampling1D if self.rank == 1 else layers.UpSampling2D)(2)

    def pad(self, x: Any, step: int) -> Any:
        """Pad with zeros at the end, up to a multiple of `step` on each axis; an axis of any size has to be one."""
        from keras import layers

        missing = [0 if size is None else -size % step for size in x.shape[1:-1]]
        return self._edge(x, missing, layers.ZeroPadding1D, layers.ZeroPadding2D)

    def crop(self, x: Any, size: Sequence[int]) -> Any:
        """Keep the first `size` samples of each axis: the inverse of `pad`."""
        from keras import layers

        surplus = [
            0 if wanted is None else current - wanted for current, wanted in zip(x.shape[1:-1], size, strict=True)
        ]
        return self._edge(x, surplus, layers.Cropping1D, layers.Cropping2D)

    def _edge(self, x: Any, counts: list[int], layer_1d: Any, layer_2d: Any) -> Any:
        if not any(counts):
            return x
        sides = [(0, count) for count in counts]
        return layer_1d(sides[0])(x) if self.rank == 1 else layer_2d(tuple(sides))(x)


def unet(x: Any, shape: Convolutions, block: Literal["plain", "residual"] = "plain") -> Any:
    """Apply a U-Net with a skip connection per level: [window, ..., widths[0]], of the input's size."""
    from keras import layers

    def level(x: Any, width: int) -> Any:
        inner = shape.filters(width, activation=shape.activation)(x)
        if block == "plain":
            return shape.filters(width, activation=shape.activation)(inner)
        inner = shape.filters(width)(inner)
        shortcut = x if x.shape[-1] == width else shape.filters(width, 1)(x)
        return layers.Activation(shape.activation)(layers.Add()([inner, shortcut]))

    size = x.shape[1:-1]
    x = shape.pad(x, shape.step)
    skips = []
    for width in shape.widths[:-1]:
        x = level(x, width)
        skips.append(x)
        x = shape.downsample("average")(x)
    x = level(x, shape.widths[-1])
    for width, skip in zip(reversed(shape.widths[:-1]), reversed(skips), strict=True):
        x = level(layers.Concatenate()([shape.upsample()(x), skip]), width)
    return shape.crop(x, size)


def convolutional_encoder(x: Any, shape: Convolutions) -> Any:
    """Apply convolution, batch normalisation and pooling per level, then flatten: [window, size]."""
    from keras import layers

    x = shape.pad(x, 2 ** len(shape.widths))
    for width in shape.widths:
        x = shape.downsample("max")(_normalised(x, shape, width))
    return layers.Flatten()(x)


def convolutional_decoder(embedding: Any, shape: Convolutions, size: Sequence[int]) -> Any:
    """Apply the mirror image of `convolutional_encoder`: [window, latent] to [window, *size, widths[0]]."""
    from keras import layers

    step = 2 ** len(shape.widths)
    coarse = [-(-length // step) for length in size]
    count = shape.widths[-1]
    for length in coarse:
        count *= length
    x = layers.Dense(count, activation="gelu")(embedding)
    x = layers.Reshape((*coarse, shape.widths[-1]))(x)
    for width in reversed(shape.widths):
        x = _normalised(shape.upsample()(x), shape, width)
    return shape.crop(x, size)


def _normalised(x: Any, shape: Convolutions, width: int) -> Any:
    from keras import layers

    x = shape.filters(width, use_bias=False)(x)  # the normalisation has its own bias
    return layers.Activation("gelu")(layers.BatchNormalization(momentum=_MOMENTUM)(x))
