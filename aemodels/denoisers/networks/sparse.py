"""Dense autoencoder with a sparse embedding."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from aemodels.denoisers.networks.dense_base import DenseBase
from aemodels.signal.windows import WindowSpec


class Sparse(DenseBase):
    """Dense autoencoder with a wide, mostly zero embedding: an L1 penalty on its activity is added to the loss.

    References:
        Chollet (2016), Building Autoencoders in Keras (an L1 activity regulariser on the code).
    """

    kind: Literal["sparse"] = "sparse"
    widths: tuple[int, ...] = Field(default=(), description="units of the encoder's hidden layers; may be empty")
    latent: int = Field(default=64, ge=1, le=4096, description="latent size: units of the embedding")
    penalty: float = Field(
        default=1e-4, ge=0.0, le=1.0, description="weight of the L1 norm of the embedding in the loss"
    )
    window: WindowSpec = Field(
        default=WindowSpec(length=100, stride=25, width=1), description="one channel at a time, 100 samples"
    )

    def embedding(self) -> Any:
        from keras import layers, regularizers

        return layers.Dense(
            self.latent,
            activation=self.latent_activation,
            activity_regularizer=regularizers.L1(self.penalty),
            name="code",
        )
