"""Dense autoencoder whose code is kept sparse."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from aemodels.denoisers.networks.dense_base import DenseBase
from aemodels.signal.windows import WindowSpec


class Sparse(DenseBase):
    """Dense autoencoder with a wide code, most of which stays at zero: the sum of its absolute values is penalised.

    References:
        Chollet (2016), Building Autoencoders in Keras (an L1 activity regulariser on the code).
    """

    kind: Literal["sparse"] = "sparse"
    widths: tuple[int, ...] = Field(default=(), description="units of the encoder's hidden layers; may be none")
    latent: int = Field(default=64, ge=1, le=4096, description="units of the code")
    penalty: float = Field(
        default=1e-4, ge=0.0, le=1.0, description="loss added for each unit of the code's sum of absolute values"
    )
    window: WindowSpec = Field(
        default=WindowSpec(length=100, stride=25, width=1), description="one channel at a time, 100 samples"
    )

    def code(self) -> Any:
        from keras import layers, regularizers

        return layers.Dense(
            self.latent,
            activation=self.latent_activation,
            activity_regularizer=regularizers.L1(self.penalty),
            name="code",
        )
