"""Variational autoencoder of convolutions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from aemodels.denoisers.networks.convolutional_base import ConvolutionalBase
from aemodels.signal.windows import WindowSpec


class VaeConv(ConvolutionalBase):
    """Variational autoencoder of convolutions with pooling: the code is a distribution near a standard normal one.

    While it trains a code is drawn from its distribution; afterwards the code is its mean.

    References:
        Kingma & Welling (2014), ICLR.
    """

    kind: Literal["vae_conv"] = "vae_conv"
    beta: float = Field(
        default=0.02,
        ge=0.0,
        le=100.0,
        description="weight of the divergence (nats a sample) beside the loss of a sample: 1 with cross-entropy, twice "
        "the noise's variance in network units with squared error",
    )
    window: WindowSpec = Field(default=WindowSpec(length=64, stride=16, blend="hann"), description="how it is cut")

    def code(self, flat: Any, features: int) -> Any:
        from aemodels.denoisers.networks.variational_layers import code

        return code(flat, self.latent, self.beta / (self.window.length * features))
