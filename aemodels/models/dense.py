"""The published dense autoencoder: 100-64-32-10-32-64-100."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.models.base import NetworkBase
from aemodels.models.training import TrainingSpec
from aemodels.noise import Gaussian
from aemodels.signal.windows import WindowSpec
from aemodels.types import BoolArray, FloatArray

if TYPE_CHECKING:
    import keras


class Dense(NetworkBase):
    """Dense autoencoder on windows of one channel, scaled to [0, 1] and clipped, as it was published.

    With the default widths, 17,838 parameters. Encoder and decoder are layers named "encoder" and "decoder"
    of the autoencoder and share its weights.
    """

    kind: Literal["dense"] = "dense"
    widths: tuple[int, ...] = Field(default=(64, 32), min_length=1, description="units of the encoder's hidden layers")
    latent: int = Field(default=10, ge=1, le=512, description="units of the code")
    window: WindowSpec = Field(
        default=WindowSpec(length=100, stride=25, width=1), description="one channel at a time, 100 samples"
    )
    training: TrainingSpec = Field(
        default=TrainingSpec(
            epochs=50, batch=64, schedule="constant", patience=50, stride=50, noise=(Gaussian(factor=0.3),)
        ),
        description="as published: Adam 1e-3, batch 64, 50 epochs, noise factor 0.3",
    )

    def build(self, features: int) -> keras.Model:
        import keras
        from keras import layers

        size = self.window.length * features
        encoder = keras.Sequential(
            [
                keras.Input((size,)),
                *(layers.Dense(units, activation="relu") for units in self.widths),
                layers.Dense(self.latent, activation="relu", name="code"),
            ],
            name="encoder",
        )
        decoder = keras.Sequential(
            [
                keras.Input((self.latent,)),
                *(layers.Dense(units, activation="relu") for units in reversed(self.widths)),
                layers.Dense(size, activation="sigmoid", name="reconstruction"),
            ],
            name="decoder",
        )
        entry = keras.Input((self.window.length, features), name="windows")
        code = encoder(layers.Flatten()(entry))
        return keras.Model(entry, layers.Reshape((self.window.length, features))(decoder(code)), name="dense")

    def inputs(self, values: FloatArray, mask: BoolArray, affine: NDArray[np.float32]) -> FloatArray:
        return self.targets(values, affine)

    def targets(self, values: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        return np.asarray(np.clip((values - affine[0]) / affine[1], 0, 1), dtype=np.float32)

    def outputs(self, raw: FloatArray, affine: NDArray[np.float32]) -> FloatArray:
        return np.asarray(raw * affine[1] + affine[0], dtype=np.float32)
