"""Dense autoencoder, by default the published 100-64-32-10-32-64-100."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aemodels.denoisers.networks.dense_base import DenseBase
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.noise import Gaussian
from aemodels.signal.windows import WindowSpec


class Dense(DenseBase):
    """Dense autoencoder on windows of one channel, scaled to [0, 1] and clipped, as published.

    The default widths give 17,838 parameters. With no hidden layers, `latent` 64 and windows of 784 samples it is the
    one-layer autoencoder 784-64-784 with 101,200 parameters.
    """

    kind: Literal["dense"] = "dense"
    output: Literal["linear", "sigmoid"] = Field(
        default="sigmoid",
        description="sigmoid: values scaled to [0, 1] and clipped; linear: scaled to zero mean and unit variance",
    )
    window: WindowSpec = Field(
        default=WindowSpec(length=100, stride=25, width=1), description="one channel at a time, 100 samples"
    )
    training: TrainingSpec = Field(
        default=TrainingSpec(
            epochs=50, batch=64, schedule="constant", patience=50, stride=50, noise=(Gaussian(factor=0.3),)
        ),
        description="as published: Adam 1e-3, batch 64, 50 epochs, noise factor 0.3",
    )
