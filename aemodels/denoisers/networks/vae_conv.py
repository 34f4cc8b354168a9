"""Variational autoencoder with convolutions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from aemodels.denoisers.networks.convolutional_base import ConvolutionalBase
from aemodels.signal.windows import WindowSpec


class VaeConv(ConvolutionalBase):
    """Variational autoencoder with convolutions and pooling: the embedding is close to a standard normal distribution.

    In training an embedding is drawn from its distribution; in inference it is the mean.

    References:
        Kingma & Welling (2014), ICLR.
    """

    kind: Literal["vae_conv"] = "vae_conv"
    beta: float = Field(
        default=0.02,
        ge=0.0,
        le=100.0,
        description="weight of the divergence (nats per sample) relative to the loss per sample: 1 with cross-entropy, "
        "twice the noise variance in network units with squared error",
    )
    window: WindowSpec = Field(
        default=WindowSpec(length=64, stride=16, blend="hann"), description="windows that sections are cut into"
    )

    def embedding(self, flat: Any, features: int) -> Any:
        from aemodels.denoisers.networks.variational_layers import sample_embedding

        return sample_embedding(flat, self.latent, self.beta / (self.window.length * features))
