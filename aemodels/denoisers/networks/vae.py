"""Variational autoencoder with dense layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from aemodels.denoisers.networks.dense_base import Activation, DenseBase
from aemodels.signal.windows import WindowSpec

if TYPE_CHECKING:
    import keras


class Vae(DenseBase):
    """Variational autoencoder with dense layers: the embedding is a distribution close to a standard normal one.

    In training an embedding is drawn from its distribution; in inference it is the mean.

    References:
        Kingma & Welling (2014), ICLR; Rezende, Mohamed & Wierstra (2014), ICML.
    """

    kind: Literal["vae"] = "vae"
    activation: Activation = Field(default="gelu", description="activation of the hidden layers")
    latent_activation: Literal["linear"] = Field(default="linear", description="activation of means and log variances")
    widths: tuple[int, ...] = Field(default=(128, 64), description="units of the encoder's hidden layers; may be empty")
    beta: float = Field(
        default=0.02,
        ge=0.0,
        le=100.0,
        description="weight of the divergence (nats per sample) relative to the loss per sample: 1 with cross-entropy, "
        "twice the noise variance in network units with squared error",
    )
    window: WindowSpec = Field(
        default=WindowSpec(length=100, stride=25, width=1), description="one channel at a time, 100 samples"
    )

    def encoder(self, size: int) -> keras.Model:
        import keras

        from aemodels.denoisers.networks.variational_layers import sample_embedding

        entry = keras.Input((size,))
        x = entry
        for layer in self.hidden():
            x = layer(x)
        return keras.Model(entry, sample_embedding(x, self.latent, self.beta / size), name="encoder")
