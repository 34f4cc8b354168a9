"""Base class of the convolutional autoencoders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.types import BoolArray, FloatArray
from aemodels.denoisers.networks.autoencoder_base import AutoencoderBase

if TYPE_CHECKING:
    import keras

    from aemodels.denoisers.convolution_blocks import Convolutions


class ConvolutionalBase(AutoencoderBase):
    """A convolutional encoder with pooling and batch normalisation, a dense embedding, and a mirrored decoder.

    The input holds the values and the mask.
    """

    widths: tuple[int, ...] = Field(
        default=(32, 48, 64), min_length=1, description="filters per level, top first; each level halves the window"
    )
    kernel: int = Field(default=5, ge=1, le=15, description="filter length in samples (and traces), odd")
    latent: int = Field(default=40, ge=1, le=4096, description="latent size: units of the embedding")

    def build(self, features: int) -> keras.Model:
        import keras

        encoder, decoder = self.encoder(features), self.decoder(features)
        entry = keras.Input(encoder.input_shape[1:], name="windows")
        return keras.Model(entry, decoder(encoder(entry)), name=str(type(self).model_fields["kind"].default))

    def encoder(self, features: int) -> keras.Model:
        """Build the encoder, from the network's input to embeddings [window, latent]."""
        import keras

        from aemodels.denoisers.convolution_blocks import convolutional_encoder

        shape = self._convolutions()
        entry = keras.Input(self._entry(features))
        return keras.Model(entry, self.embedding(convolutional_encoder(entry, shape), features), name="encoder")

    def embedding(self, flat: Any, features: int) -> Any:
        """Return embeddings [window, latent] of flat features; `features` is the number of channels per window."""
        from keras import layers

        return layers.Dense(self.latent, name="code")(flat)

    def decoder(self, features: int) -> keras.Model:
        """Build the decoder, from embeddings to windows [window, sample, feature]."""
        import keras
        from keras import layers

        from aemodels.denoisers.convolution_blocks import convolutional_decoder

        shape = self._convolutions()
        embedding = keras.Input((self.latent,))
        size, filters = self._size(features)
        x = convolutional_decoder(embedding, shape, size)
        x = shape.filters(filters, activation=self.output, name="reconstruction")(x)
        return keras.Model(embedding, layers.Reshape((self.window.length, features))(x), name="decoder")

    def _convolutions(self) -> Convolutions:
        from aemodels.denoisers.convolution_blocks import Convolutions

        return Convolutions(1, self.widths, self.kernel)

    def _entry(self, features: int) -> tuple[int, ...]:
        """Return the shape of an input without the batch axis."""
        return (self.window.length, 2 * features)

    def _size(self, features: int) -> tuple[Sequence[int], int]:
        """Return the size of each convolved axis, and the number of output filters."""
        return (self.window.length,), features

    def inputs(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        return self.with_mask(values, mask, affine)
