"""Sequence-to-sequence autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.types import BoolArray, FloatArray
from aemodels.denoisers.networks.autoencoder_base import AutoencoderBase
from aemodels.signal.windows import WindowSpec

if TYPE_CHECKING:
    import keras


class Lstm(AutoencoderBase):
    """Sequence-to-sequence autoencoder: the final state of one LSTM is the embedding, another reconstructs the window.

    References:
        Hochreiter & Schmidhuber (1997), Neural Computation 9, 1735; Srivastava, Mansimov & Salakhutdinov (2015), ICML.
    """

    kind: Literal["lstm"] = "lstm"
    latent: int = Field(default=40, ge=1, le=1024, description="latent size: units of the state after the last sample")
    window: WindowSpec = Field(
        default=WindowSpec(length=32, stride=16, blend="hann"),
        description="short windows, since each sample is one step",
    )

    def build(self, features: int) -> keras.Model:
        import keras
        from keras import layers

        length = self.window.length
        encoder = keras.Sequential(
            [keras.Input((length, 2 * features)), layers.LSTM(self.latent, name="code")], name="encoder"
        )
        decoder = keras.Sequential(
            [
                keras.Input((self.latent,)),
                layers.RepeatVector(length),
                layers.LSTM(self.latent, return_sequences=True),
                layers.Dense(features, activation=self.output, name="reconstruction"),
            ],
            name="decoder",
        )
        entry = keras.Input((length, 2 * features), name="windows")
        return keras.Model(entry, decoder(encoder(entry)), name="lstm")

    def inputs(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        return self.with_mask(values, mask, affine)
