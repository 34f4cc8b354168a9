"""Dense autoencoder with more and wider layers, without clipping."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aemodels.denoisers.networks.dense_base import Activation, DenseBase
from aemodels.signal.windows import WindowSpec


class DeepDense(DenseBase):
    """Dense autoencoder of several hidden layers; embedding and output are linear, so no latent unit can die."""

    kind: Literal["deep"] = "deep"
    widths: tuple[int, ...] = Field(
        default=(256, 128, 64), description="units of the encoder's hidden layers; may be empty"
    )
    activation: Activation = Field(default="gelu", description="activation of the hidden layers")
    latent_activation: Activation = Field(default="linear", description="activation of the embedding")
    window: WindowSpec = Field(
        default=WindowSpec(length=100, stride=25, width=1), description="one channel at a time, 100 samples"
    )
