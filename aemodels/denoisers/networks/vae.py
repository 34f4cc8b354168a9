"""Variational autoencoder of dense layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from aemodels.denoisers.networks.dense_base import Activation, DenseBase
from aemodels.signal.windows import WindowSpec

if TYPE_CHECKING:
    import keras


class Vae(DenseBase):
    """Variational autoencoder of dense layers: the code is a distribution, kept close to a standard normal one.

    While it trains a code is drawn from its distribution; afterwards the code is its mean.

    References:
        Kingma & Welling (2014), ICLR; Rezende, Mohamed & Wierstra (2014), ICML.
    """

    kind: Literal["vae"] = "vae"
    activation: Activation = Field(default="gelu", description="of the hidden layers")
    latent_activation: Literal["linear"] = Field(default="linear", description="means and log variances are linear")
    widths: tuple[int, ...] = Field(default=(128, 64), description="units of the encoder's hidden layers; may be none")
    beta: float = Field(
        default=0.02,
        ge=0.0,
        le=100.0,
        description="weight of the divergence (nats a sample) beside the loss of a sample: 1 with cross-entropy, twice "
        "the noise's variance in network units with squared error",
    )
    window: WindowSpec = Field(
        default=WindowSpec(length=100, stride=25, width=1), description="one channel at a time, 100 samples"
    )

    def encoder(self, size: int) -> keras.Model:
        import keras

        from aemodels.denoisers.networks.variational_layers import code

        entry = keras.Input((size,))
        x = entry
        for layer in self.hidden():
            x = layer(x)
        return keras.Model(entry, code(x, self.latent, self.beta / size), name="encoder")
