"""The one door to the code of any fitted model: windows in, codes with their place out."""

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
# Shrinkage keeps every component; the leading ones are its code.
MAX_COMPONENTS = 16


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Embeddings of the windows of one section.

    Args:
        values: float32[window, dimension].
        origin: int64[window, 2], first channel and first sample of each window.
        observed: float32[window], share of the window's samples that were observed.
        window: how the section was cut.
    """

    values: FloatArray
    origin: IntArray
    observed: FloatArray
    window: WindowSpec

    @property
    def centre(self) -> IntArray:
        """int64[window], the sample in the middle of each window."""
        return np.asarray(self.origin[:, 1] + self.window.length // 2, dtype=np.int64)

    def concatenate_channels(self) -> Embeddings:
        """One row a place: where windows hold some channels only, the codes of all channels in a row.

        The origin's channel is then 0, and `observed` the mean over the channels.
        """
        places, place = np.unique(self.origin[:, 1], return_inverse=True)
        order = np.lexsort((self.origin[:, 0], place))
        channels = len(order) // len(places)
        return Embeddings(
            values=self.values[order].reshape(len(places), -1),
            origin=np.stack([np.zeros_like(places), places], axis=1),
            observed=self.observed[order].reshape(len(places), channels).mean(axis=1),
            window=self.window,
        )


def encoder_of(denoiser: Denoiser) -> Encoder | None:
    """The model with a code in or behind a denoiser (guards are taken off); None where there is none."""
    if isinstance(denoiser, GuardedDenoiser):
        return encoder_of(denoiser.parts.inner)
    if isinstance(denoiser, PcaDenoiser):
        return denoiser
    return denoiser if isinstance(denoiser, NetworkDenoiser) and isinstance(denoiser.spec, AutoencoderBase) else None


def embed(model: Encoder, section: Section, *, stride: int | None = None) -> Embeddings:
    """Embeddings of the windows of a section.

    Args:
        model: from `encoder_of`: a network with an encoder, or principal components.
        section: what to encode.
        stride: samples from one window to the next; None = as the model denoises.

    Returns:
        The output of a network's encoder, or the projection on (at most 16, for shrinkage) principal components.
    """
    window = model.spec.window if stride is None else model.spec.window.model_copy(update={"stride": stride})
    windows = cut(section, window)
    if isinstance(model, PcaDenoiser):
        values = _project(model, windows.values)
    else:
        values = encode_windows(model, windows.values, windows.mask)
    observed = windows.mask.mean(axis=(1, 2), dtype=np.float32)
    return Embeddings(values, windows.origin, observed, window)


def decode(model: Encoder, codes: FloatArray) -> FloatArray:
    """Windows float32[window, sample, feature] in normalised units from codes float32[window, dimension]."""
    if isinstance(model, PcaDenoiser):
        flat = codes @ model.components[: codes.shape[1]] + model.mean
        return np.asarray(flat.reshape(len(codes), model.spec.window.length, -1), dtype=np.float32)
    return decode_embeddings(model, codes)


def sample_embeddings(denoiser: Denoiser, sections: Sequence[Section]) -> FloatArray | None:
    """Embeddings of evenly chosen windows of some sections.

    Returns:
        float32[window, dimension], at most 4,000 windows; None where the model has no code.
    """
    model = encoder_of(denoiser)
    if model is None:
        return None
    values = np.concatenate([embed(model, section).values for section in sections])
    return values[:: max(1, -(-len(values) // MAX_EMBEDDINGS))]


def keep_channels(section: Section, kept: Sequence[int]) -> Section:
    """The section as if only the channels `kept` had been recorded: the others are what a missing curve is."""
    lost = np.setdiff1d(np.arange(len(section.values)), np.asarray(kept, dtype=np.int64))
    values, mask = section.values.copy(), section.mask.copy()
    values[lost], mask[lost] = np.float32(MISSING_CURVE), False
    return replace(section, values=values, mask=mask)


def _project(model: PcaDenoiser, values: FloatArray) -> FloatArray:
    most = MAX_COMPONENTS if isinstance(model, PcaWienerDenoiser) else len(model.components)
    centred = values.reshape(len(values), -1) - model.mean.astype(np.float32)
    return np.asarray(centred @ model.components[:most].T.astype(np.float32), dtype=np.float32)
