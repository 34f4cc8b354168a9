"""Sampling layer of the variational autoencoders, and access to their posterior."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from aemodels.core.types import FloatArray, WindowSet
from aemodels.denoisers.networks.denoiser import NetworkDenoiser
from aemodels.denoisers.networks.inference import predict

MEAN, LOG_VARIANCE = "mean", "log_variance"
_MAX_LOG_VARIANCE = 8.0  # larger values have no meaning and would overflow the exponential


@keras.saving.register_keras_serializable(package="sondeflow")
class Sampling(layers.Layer):  # type: ignore[misc]
    """Layer that samples an embedding from its posterior in training and adds the divergence to the loss.

    Inputs are the posterior's means and log variances, both [window, latent]; the output is mean + standard
    deviation * standard normal noise in training (reparameterisation), and the mean in inference.

    Args:
        weight: weight of the Kullback-Leibler divergence from a standard normal prior, in nats per window.

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
    """Return the Kullback-Leibler divergence of N(mean, exp(log_variance)) from N(0, 1), summed, in nats: [window].

    References:
        Kingma & Welling (2014), ICLR, appendix B.
    """
    return 0.5 * ops.sum(ops.exp(log_variance) + ops.square(mean) - 1 - log_variance, axis=-1)


def sample_embedding(flat: Any, latent: int, weight: float) -> Any:
    """Return embeddings [window, latent] of flat features, drawn from their posterior in training."""
    mean = layers.Dense(latent, name=MEAN)(flat)
    log_variance = layers.Dense(latent, name=LOG_VARIANCE)(flat)
    return Sampling(weight, name="code")([mean, log_variance])


def posterior(denoiser: NetworkDenoiser, windows: WindowSet) -> tuple[FloatArray, FloatArray]:
    """Return means and standard deviations of the embeddings of windows, float32[window, latent] each."""
    cache = denoiser.sub_network("posterior", _posterior)
    inputs = denoiser.spec.inputs(windows.values, windows.mask, denoiser.affine)
    joined = predict(cache["network"], inputs.reshape(-1, *cache["network"].input_shape[1:]), cache)
    mean, log_variance = np.split(joined, 2, axis=-1)
    return mean, np.exp(0.5 * np.clip(log_variance, -_MAX_LOG_VARIANCE, _MAX_LOG_VARIANCE))


def decode(denoiser: NetworkDenoiser, embeddings: FloatArray, features: int) -> FloatArray:
    """Decode embeddings float32[window, latent] to normalised windows float32[window, sample, feature]."""
    cache = denoiser.sub_network("decoder", lambda network: network.get_layer("decoder"))
    raw = predict(cache["network"], embeddings, cache)
    return denoiser.spec.outputs(raw.reshape(len(embeddings), -1, features), denoiser.affine)


def _posterior(network: keras.Model) -> keras.Model:
    encoder = network.get_layer("encoder")
    heads = [encoder.get_layer(name).output for name in (MEAN, LOG_VARIANCE)]
    return keras.Model(encoder.inputs, layers.Concatenate()(heads))
