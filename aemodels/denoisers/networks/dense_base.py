"""Base class of the dense autoencoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.types import BoolArray, FloatArray
from aemodels.denoisers.networks.autoencoder_base import AutoencoderBase

if TYPE_CHECKING:
    import keras

Activation: TypeAlias = Literal["relu", "gelu", "elu", "tanh", "sigmoid", "linear"]


class DenseBase(AutoencoderBase):
    """An autoencoder of dense layers on flattened windows."""

    earlier_names: ClassVar[Mapping[str, str]] = {"code_activation": "latent_activation"}

    widths: tuple[int, ...] = Field(default=(64, 32), description="units of the encoder's hidden layers; may be empty")
    activation: Activation = Field(default="relu", description="activation of the hidden layers")
    latent_activation: Activation = Field(default="relu", description="activation of the embedding")

    def inputs(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        return self.filled(values, mask, affine)

    def build(self, features: int) -> keras.Model:
        import keras
        from keras import layers

        size = self.window.length * features
        encoder = self.encoder(size)
        decoder = keras.Sequential(
            [
                keras.Input((self.latent,)),
                *(layers.Dense(units, activation=self.activation) for units in reversed(self.widths)),
                layers.Dense(size, activation=self.output, name="reconstruction"),
            ],
            name="decoder",
        )
        entry = keras.Input((self.window.length, features), name="windows")
        embedding = encoder(layers.Flatten()(entry))
        name = str(type(self).model_fields["kind"].default)
        return keras.Model(entry, layers.Reshape((self.window.length, features))(decoder(embedding)), name=name)

    def encoder(self, size: int) -> keras.Model:
        """Build the encoder, from flattened windows [window, size] to embeddings [window, latent]."""
        import keras

        return keras.Sequential([keras.Input((size,)), *self.hidden(), self.embedding()], name="encoder")

    def hidden(self) -> list[Any]:
        """Build the encoder's hidden layers."""
        from keras import layers

        return [layers.Dense(units, activation=self.activation) for units in self.widths]

    def embedding(self) -> Any:
        """Build the layer whose output is the embedding."""
        from keras import layers

        return layers.Dense(self.latent, activation=self.latent_activation, name="code")
