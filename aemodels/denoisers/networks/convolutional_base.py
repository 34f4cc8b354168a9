"""Convolutions down to a code and up again: what the convolutional kinds share."""

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
    """A convolutional encoder with pooling and batch normalisation, a dense code, and the encoder's mirror image.

    Its input holds the mask beside the values.
    """

    widths: tuple[int, ...] = Field(
        default=(32, 48, 64), min_length=1, description="filters of each level, top first; each halves the window"
    )
    kernel: int = Field(default=5, ge=1, le=15, description="filter length in samples (and traces), odd")
    latent: int = Field(default=40, ge=1, le=4096, description="units of the code")

    def build(self, features: int) -> keras.Model:
        import keras

        encoder, decoder = self.encoder(features), self.decoder(features)
        entry = keras.Input(encoder.input_shape[1:], name="windows")
        return keras.Model(entry, decoder(encoder(entry)), name=str(type(self).model_fields["kind"].default))

    def encoder(self, features: int) -> keras.Model:
        """From the network's input to codes [window, latent]."""
        import keras

        from aemodels.denoisers.convolution_blocks import convolutional_encoder

        shape = self._convolutions()
        entry = keras.Input(self._entry(features))
        return keras.Model(entry, self.code(convolutional_encoder(entry, shape), features), name="encoder")

    def code(self, flat: Any, features: int) -> Any:
        """Codes [window, latent] from flat features of the window; `features` counts the window's channels."""
        from keras import layers

        return layers.Dense(self.latent, name="code")(flat)

    def decoder(self, features: int) -> keras.Model:
        """From codes to windows [window, sample, feature]."""
        import keras
        from keras import layers

        from aemodels.denoisers.convolution_blocks import convolutional_decoder

        shape = self._convolutions()
        code = keras.Input((self.latent,))
        size, filters = self._size(features)
        x = convolutional_decoder(code, shape, size)
        x = shape.filters(filters, activation=self.output, name="reconstruction")(x)
        return keras.Model(code, layers.Reshape((self.window.length, features))(x), name="decoder")

    def _convolutions(self) -> Convolutions:
        from aemodels.denoisers.convolution_blocks import Convolutions

        return Convolutions(1, self.widths, self.kernel)

    def _entry(self, features: int) -> tuple[int, ...]:
        """Shape of an input without the batch."""
        return (self.window.length, 2 * features)

    def _size(self, features: int) -> tuple[Sequence[int], int]:
        """Places on each convolved axis, and values in each place."""
        return (self.window.length,), features

    def inputs(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        return self.with_mask(values, mask, affine)
