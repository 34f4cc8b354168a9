"""The halves of a network that has a code: its layers "encoder" and "decoder", run on their own."""

from __future__ import annotations

import math

import numpy as np

from aemodels.core.errors import DataError
from aemodels.core.types import BoolArray, FloatArray
from aemodels.denoisers.networks.denoiser import NetworkDenoiser

ENCODER, DECODER = "encoder", "decoder"


def encode_windows(denoiser: NetworkDenoiser, values: FloatArray, mask: BoolArray) -> FloatArray:
    """Codes of windows.

    Args:
        denoiser: an autoencoder; the code of a variational one is the mean of its distribution.
        values: float32[window, sample, feature], normalised.
        mask: bool of the same shape, True = observed.

    Returns:
        float32[window, dimension].

    Raises:
        DataError: if the encoder takes something else than the network's input.
    """
    return _run(denoiser, ENCODER, denoiser.spec.inputs(values, mask, denoiser.affine)).reshape(len(values), -1)


def decode_embeddings(denoiser: NetworkDenoiser, codes: FloatArray) -> FloatArray:
    """The windows that a network makes of codes: the inverse of `encode_windows` as far as training went.

    Args:
        denoiser: an autoencoder.
        codes: float32[window, dimension].

    Returns:
        float32[window, sample, feature], normalised.

    Raises:
        DataError: if the codes are of another size than the decoder's.
    """
    raw = _run(denoiser, DECODER, codes)
    shape = (len(codes), denoiser.spec.window.length, denoiser.channels)
    return denoiser.spec.outputs(raw.reshape(shape), denoiser.affine)


def _run(denoiser: NetworkDenoiser, name: str, inputs: FloatArray) -> FloatArray:
    """The output of a layer of the network that is a network itself."""
    from aemodels.denoisers.networks.inference import predict

    part = denoiser.sub_network(name, lambda network: network.get_layer(name))
    shape = tuple(part["network"].input_shape[1:])
    if math.prod(shape) != math.prod(inputs.shape[1:]):
        raise DataError(
            f"the {name} of {denoiser.network.name} takes {shape} a window; it was given {inputs.shape[1:]}"
        )
    return np.asarray(predict(part["network"], inputs.reshape(len(inputs), *shape), part), dtype=np.float32)
