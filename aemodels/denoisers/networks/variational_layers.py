"""The layer that makes an autoencoder variational, and what its posterior gives."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from aemodels.core.types import FloatArray, WindowSet
from aemodels.denoisers.networks.denoiser import NetworkDenoiser
from aemodels.denoisers.networks.inference import predict

MEAN, LOG_VARIANCE = "mean", "log_variance"
_MAX_LOG_VARIANCE = 8.0  # of a log variance: beyond it the exponential would overflow long before it meant anything


@keras.saving.register_keras_serializable(package="sondeflow")
class Sampling(layers.Layer):  # type: ignore[misc]
    """Draws a code from its posterior while training, and adds the divergence from the prior to the loss.

    Inputs are the posterior's means and log variances, both [window, latent]; the output is mean + deviation * a
    standard normal number (the reparameterisation), and the mean alone when not training.

    Args:
        weight: of the Kullback-Leibler divergence from a standard normal prior, in nats summed over the code.

    References:
        Kingma & Welling (2014), ICLR, sections 2.4 and appendix B; Higgins et al. (2017), ICLR (the weight).
    """

    def __init__(self, weight: float, **options: Any) -> None:
        super().__init__(**options)
        self.weight = weight
        self.seeds = keras.random.SeedGenerator()

    def call(self, inputs: tuple[Any, Any], training: bool = False) -> Any:
        mean, log_variance = inputs
        log_variance = ops.clip(log_variance, -_MAX_LOG_VARIANCE, _MAX_LOG_VARIANCE)
        self.add_loss(self.weight * ops.mean(divergence(mean, log_variance)))
        if not training:
            return mean
        drawn = keras.random.normal(ops.shape(mean), seed=self.seeds)
        return mean + ops.exp(0.5 * log_variance) * drawn

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight}


def divergence(mean: Any, log_variance: Any) -> Any:
    """Kullback-Leibler divergence of N(mean, exp(log_variance)) from N(0, 1), in nats, summed over the code: [window].

    References:
        Kingma & Welling (2014), ICLR, appendix B.
    """
    return 0.5 * ops.sum(ops.exp(log_variance) + ops.square(mean) - 1 - log_variance, axis=-1)


def code(flat: Any, latent: int, weight: float) -> Any:
    """Codes [window, latent] from flat features, drawn while training."""
    mean = layers.Dense(latent, name=MEAN)(flat)
    log_variance = layers.Dense(latent, name=LOG_VARIANCE)(flat)
    return Sampling(weight, name="code")([mean, log_variance])


def posterior(denoiser: NetworkDenoiser, windows: WindowSet) -> tuple[FloatArray, FloatArray]:
    """Means and standard deviations of the codes of windows, each float32[window, latent]."""
    cache = denoiser.sub_network("posterior", _posterior)
    inputs = denoiser.spec.inputs(windows.values, windows.mask, denoiser.affine)
    joined = predict(cache["network"], inputs.reshape(-1, *cache["network"].input_shape[1:]), cache)
    mean, log_variance = np.split(joined, 2, axis=-1)
    return mean, np.exp(0.5 * np.clip(log_variance, -_MAX_LOG_VARIANCE, _MAX_LOG_VARIANCE))


def decode(denoiser: NetworkDenoiser, codes: FloatArray, features: int) -> FloatArray:
    """Normalised windows float32[window, sample, feature] that the decoder makes of codes float32[window, latent]."""
    cache = denoiser.sub_network("decoder", lambda network: network.get_layer("decoder"))
    raw = predict(cache["network"], codes, cache)
    return denoiser.spec.outputs(raw.reshape(len(codes), -1, features), denoiser.affine)


def _posterior(network: keras.Model) -> keras.Model:
    encoder = network.get_layer("encoder")
    heads = [encoder.get_layer(name).output for name in (MEAN, LOG_VARIANCE)]
    return keras.Model(encoder.inputs, layers.Concatenate()(heads))
