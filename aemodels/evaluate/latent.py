"""The code that a model squeezes windows into, where it has one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aemodels.contract import Denoiser
from aemodels.models.base import NetworkDenoiser
from aemodels.models.pca import PcaDenoiser
from aemodels.signal.windows import cut
from aemodels.types import FloatArray, Section

MOST_CODES = 4000
MOST_DIMENSIONS = 16
ENCODER = "encoder"


def latent_codes(denoiser: Denoiser, sections: Sequence[Section]) -> FloatArray | None:
    """Codes of evenly chosen windows of some sections.

    Args:
        denoiser: fitted.
        sections: what to encode.

    Returns:
        float32[window, dimension]: the output of the layer "encoder" of a network, or the leading principal
        components; at most 4,000 windows and 16 dimensions. None where the model has no code.
    """
    if isinstance(denoiser, PcaDenoiser):
        blocks = [_pca_codes(denoiser, section) for section in sections]
    elif isinstance(denoiser, NetworkDenoiser) and _has_encoder(denoiser):
        blocks = [_network_codes(denoiser, section) for section in sections]
    else:
        return None
    codes = np.concatenate(blocks)[:, :MOST_DIMENSIONS]
    return np.asarray(codes[:: max(1, -(-len(codes) // MOST_CODES))], dtype=np.float32)


def _has_encoder(denoiser: NetworkDenoiser) -> bool:
    return any(layer.name == ENCODER for layer in denoiser.network.layers)


def _pca_codes(denoiser: PcaDenoiser, section: Section) -> FloatArray:
    values = cut(section, denoiser.spec.window).values
    centred = values.reshape(len(values), -1) - denoiser.mean
    return np.asarray(centred @ denoiser.components[:MOST_DIMENSIONS].T, dtype=np.float32)


def _network_codes(denoiser: NetworkDenoiser, section: Section) -> FloatArray:
    from aemodels.models.runtime import predict

    windows = cut(section, denoiser.spec.window)
    inputs = denoiser.spec.inputs(windows.values, windows.mask, denoiser.affine)
    encoder = denoiser.network.get_layer(ENCODER)
    codes = predict(encoder, inputs.reshape(len(inputs), *encoder.input_shape[1:]), {})
    return np.asarray(codes, dtype=np.float32)
