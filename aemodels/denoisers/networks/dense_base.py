"""Dense layers down to a code and up again: what the dense kinds share."""

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

    widths: tuple[int, ...] = Field(default=(64, 32), description="units of the encoder's hidden layers; may be none")
    activation: Activation = Field(default="relu", description="of the hidden layers")
    latent_activation: Activation = Field(default="relu", description="of the code")

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
        code = encoder(layers.Flatten()(entry))
        name = str(type(self).model_fields["kind"].default)
        return keras.Model(entry, layers.Reshape((self.window.length, features))(decoder(code)), name=name)

    def encoder(self, size: int) -> keras.Model:
        """From flattened windows [window, size] to codes [window, latent]."""
        import keras

        return keras.Sequential([keras.Input((size,)), *self.hidden(), self.code()], name="encoder")

    def hidden(self) -> list[Any]:
        """The encoder's hidden layers."""
        from keras import layers

        return [layers.Dense(units, activation=self.activation) for units in self.widths]

    def code(self) -> Any:
        """The layer whose output is the code."""
        from keras import layers

        return layers.Dense(self.latent, activation=self.latent_activation, name="code")
