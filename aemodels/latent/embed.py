"""Embeddings of windows by any fitted model that has an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import FloatArray, IntArray, Section
from aemodels.denoisers.guarded.guards import GuardedDenoiser
from aemodels.denoisers.linear.pca import PcaDenoiser, PcaWienerDenoiser
from aemodels.denoisers.networks.autoencoder_base import AutoencoderBase
from aemodels.denoisers.networks.denoiser import NetworkDenoiser
from aemodels.denoisers.networks.encoder_decoder import decode_embeddings, encode_windows
from aemodels.signal.normalise import MISSING_CURVE
from aemodels.signal.windows import WindowSpec, cut

Encoder: TypeAlias = NetworkDenoiser | PcaDenoiser
MAX_EMBEDDINGS = 4000
MAX_COMPONENTS = 16  # leading components used as the embedding of a model that shrinks all components


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Embeddings of the windows of one section.

    Args:
        values: float32[window, dimension].
        origin: int64[window, 2], first channel and first sample of each window.
        observed: float32[window], share of the window's samples that were observed.
        window: length, width and stride of the windows.
    """

    values: FloatArray
    origin: IntArray
    observed: FloatArray
    window: WindowSpec

    @property
    def centre(self) -> IntArray:
        """Sample index of the middle of each window, int64[window]."""
        return np.asarray(self.origin[:, 1] + self.window.length // 2, dtype=np.int64)

    def concatenate_channels(self) -> Embeddings:
        """Return one row per start sample: the embeddings of all channel groups there, concatenated.

        The origin's channel is then 0, and `observed` is the mean over the channel groups.
        """
        starts, index = np.unique(self.origin[:, 1], return_inverse=True)
        order = np.lexsort((self.origin[:, 0], index))
        groups = len(order) // len(starts)
        return Embeddings(
            values=self.values[order].reshape(len(starts), -1),
            origin=np.stack([np.zeros_like(starts), starts], axis=1),
            observed=self.observed[order].reshape(len(starts), groups).mean(axis=1),
            window=self.window,
        )


def encoder_of(denoiser: Denoiser) -> Encoder | None:
    """Return the model with an encoder that is, or is wrapped by, a denoiser; None if there is none."""
    if isinstance(denoiser, GuardedDenoiser):
        return encoder_of(denoiser.parts.inner)
    if isinstance(denoiser, PcaDenoiser):
        return denoiser
    return denoiser if isinstance(denoiser, NetworkDenoiser) and isinstance(denoiser.spec, AutoencoderBase) else None


def embed(model: Encoder, section: Section, *, stride: int | None = None) -> Embeddings:
    """Embed the windows of a section.

    Args:
        model: from `encoder_of`: a network with an encoder, or principal components.
        section: normalised.
        stride: samples from one window to the next; None = the stride that the model denoises with.

    Returns:
        The output of a network's encoder, or the projection on the principal components (the first 16 if the model
        shrinks all components).
    """
    window = model.spec.window if stride is None else model.spec.window.model_copy(update={"stride": stride})
    windows = cut(section, window)
    if isinstance(model, PcaDenoiser):
        values = _project(model, windows.values)
    else:
        values = encode_windows(model, windows.values, windows.mask)
    observed = windows.mask.mean(axis=(1, 2), dtype=np.float32)
    return Embeddings(values, windows.origin, observed, window)


def decode(model: Encoder, embeddings: FloatArray) -> FloatArray:
    """Reconstruct windows from their embeddings.

    Args:
        model: from `encoder_of`.
        embeddings: float32[window, dimension].

    Returns:
        float32[window, sample, feature] in normalised units.
    """
    if isinstance(model, PcaDenoiser):
        flat = embeddings @ model.components[: embeddings.shape[1]] + model.mean
        return np.asarray(flat.reshape(len(embeddings), model.spec.window.length, -1), dtype=np.float32)
    return decode_embeddings(model, embeddings)


def sample_embeddings(denoiser: Denoiser, sections: Sequence[Section]) -> FloatArray | None:
    """Embed evenly spaced windows of some sections.

    Returns:
        float32[window, dimension], at most 4,000 windows; None if the model has no encoder.
    """
    model = encoder_of(denoiser)
    if model is None:
        return None
    values = np.concatenate([embed(model, section).values for section in sections])
    return values[:: max(1, -(-len(values) // MAX_EMBEDDINGS))]


def keep_channels(section: Section, kept: Sequence[int]) -> Section:
    """Return a copy of a section in which every channel but those in `kept` is marked as missing."""
    others = np.setdiff1d(np.arange(len(section.values)), np.asarray(kept, dtype=np.int64))
    values, mask = section.values.copy(), section.mask.copy()
    values[others], mask[others] = np.float32(MISSING_CURVE), False
    return replace(section, values=values, mask=mask)


def _project(model: PcaDenoiser, values: FloatArray) -> FloatArray:
    count = MAX_COMPONENTS if isinstance(model, PcaWienerDenoiser) else len(model.components)
    centred = values.reshape(len(values), -1) - model.mean.astype(np.float32)
    return np.asarray(centred @ model.components[:count].T.astype(np.float32), dtype=np.float32)
