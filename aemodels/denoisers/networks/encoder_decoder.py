"""Encoder and decoder of an autoencoder, run separately."""

from __future__ import annotations

import math

import numpy as np

from aemodels.core.errors import DataError
from aemodels.core.types import BoolArray, FloatArray
from aemodels.denoisers.networks.denoiser import NetworkDenoiser

ENCODER, DECODER = "encoder", "decoder"


def encode_windows(denoiser: NetworkDenoiser, values: FloatArray, mask: BoolArray) -> FloatArray:
    """Return the embeddings of windows.

    Args:
        denoiser: an autoencoder; the embedding of a variational one is the mean of its distribution.
        values: float32[window, sample, feature], normalised.
        mask: bool of the same shape, True = observed.

    Returns:
        float32[window, dimension].

    Raises:
        DataError: if the input of the encoder is not the input of the network.
    """
    return _run(denoiser, ENCODER, denoiser.spec.inputs(values, mask, denoiser.affine)).reshape(len(values), -1)


def decode_embeddings(denoiser: NetworkDenoiser, embeddings: FloatArray) -> FloatArray:
    """Reconstruct windows from embeddings: the approximate inverse of `encode_windows`.

    Args:
        denoiser: an autoencoder.
        embeddings: float32[window, dimension].

    Returns:
        float32[window, sample, feature], normalised.

    Raises:
        DataError: if the size of the embeddings is not the decoder's.
    """
    raw = _run(denoiser, DECODER, embeddings)
    shape = (len(embeddings), denoiser.spec.window.length, denoiser.channels)
    return denoiser.spec.outputs(raw.reshape(shape), denoiser.affine)


def _run(denoiser: NetworkDenoiser, name: str, inputs: FloatArray) -> FloatArray:
    """Return the output of a layer that is itself a network."""
    from aemodels.denoisers.networks.inference import predict

    layer = denoiser.sub_network(name, lambda network: network.get_layer(name))
    shape = tuple(layer["network"].input_shape[1:])
    if math.prod(shape) != math.prod(inputs.shape[1:]):
        raise DataError(f"the {name} of {denoiser.network.name} takes {shape} per window; found {inputs.shape[1:]}")
    return np.asarray(predict(layer["network"], inputs.reshape(len(inputs), *shape), layer), dtype=np.float32)
