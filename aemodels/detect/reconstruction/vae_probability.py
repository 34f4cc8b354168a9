"""Reconstruction probability: how unlikely a variational autoencoder finds what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.errors import SpecError
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.denoisers.networks.denoiser import NetworkDenoiser
from aemodels.denoisers.networks.vae import Vae
from aemodels.denoisers.networks.vae_conv import VaeConv
from aemodels.detect.base import DetectContext, Detector
from aemodels.detect.reconstruction.error import Reconstruction
from aemodels.signal.windows import cut, overlap_add


class VaeProbability(Reconstruction):
    """Reconstruction probability of a variational contender: its error averaged over draws of the code, as likelihood.

    The score is the negative expected log likelihood of a sample under what the decoder makes of codes drawn from
    their posterior, less that of a perfect reconstruction, in nats. The decoder's variance is that of the training
    data's errors, curve by curve; traces are first divided by their own mean square.

    References:
        An & Cho (2015), Variational Autoencoder based Anomaly Detection using Reconstruction Probability, SNU.
    """

    kind: Literal["vae_probability"] = "vae_probability"  # type: ignore[assignment]
    contender: str = Field(description="name of the variational contender (vae or vae_conv) that reconstructs")
    draws: int = Field(default=8, ge=1, le=1000, description="codes drawn for each window")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        network = self._network(context)
        parts = [_errors(network, section, self._rng(context), self.draws, context.kind) for section in train]
        variance = _channel_means(parts, context.kind)
        return VaeDetector(network, variance, self.draws, context.seed, context.kind)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        return VaeDetector(self._network(context), arrays["variance"], self.draws, context.seed, context.kind)

    def _network(self, context: DetectContext) -> NetworkDenoiser:
        found = self._denoiser(context)
        if isinstance(found, NetworkDenoiser) and isinstance(found.spec, Vae | VaeConv):
            return found
        kind = getattr(getattr(found, "spec", found), "kind", type(found).__name__)
        raise SpecError(
            f"contender {self.contender!r} is of kind {kind}; a reconstruction probability needs a bare vae or vae_conv"
        )

    @staticmethod
    def _rng(context: DetectContext) -> np.random.Generator:
        return np.random.default_rng(context.seed)


@dataclass(frozen=True, eq=False)
class VaeDetector:
    """Fitted VaeProbability.

    Args:
        network: the variational contender.
        variance: float64[channel, 1] (logs) or [1, 1] (traces): mean square of the training data's errors.
        draws: codes drawn for each window.
        seed: of the draws; the same for every section.
        kind: "logs" or "seismic".
    """

    network: NetworkDenoiser
    variance: NDArray[np.float64]
    draws: int
    seed: int
    kind: Kind

    def score(self, section: Section) -> FloatArray:
        errors = _errors(self.network, section, np.random.default_rng(self.seed), self.draws, self.kind)
        return np.asarray(errors / (2 * self.variance), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"variance": self.variance}


def _errors(
    network: NetworkDenoiser, section: Section, rng: np.random.Generator, draws: int, kind: Kind
) -> NDArray[np.float64]:
    """Squared error averaged over draws, NaN where unobserved: [channel, sample]; of traces its share, [channel, 1]."""
    from aemodels.denoisers.networks.variational_layers import decode, posterior

    windows = cut(section, network.spec.window)
    mean, deviation = posterior(network, windows)
    total = np.zeros(windows.values.shape, dtype=np.float64)
    for _ in range(draws):
        codes = mean + deviation * rng.standard_normal(mean.shape, dtype=np.float32)
        total += (decode(network, codes, windows.values.shape[2]) - windows.values) ** 2
    error = overlap_add((total / draws).astype(np.float32), windows, network.spec.window.blend).astype(np.float64)
    error[~section.mask] = np.nan
    return error if kind == "logs" else _shares(error, section)


def _shares(error: NDArray[np.float64], section: Section) -> NDArray[np.float64]:
    """Mean error of each trace over its mean square: float64[trace, 1], NaN where nothing was observed."""
    count = np.maximum(section.mask.sum(axis=1, keepdims=True), 1)
    power = np.where(section.mask, section.values.astype(np.float64) ** 2, 0).sum(axis=1, keepdims=True) / count
    share = np.nansum(error, axis=1, keepdims=True) / count / np.maximum(power, 1e-12)
    return np.where(section.mask.any(axis=1, keepdims=True), share, np.nan)


def _channel_means(parts: Sequence[NDArray[np.float64]], kind: Kind) -> NDArray[np.float64]:
    """Mean error of each channel over all sections; of a channel that is observed nowhere, that of all."""
    joined = np.concatenate([part.ravel()[None] if kind == "seismic" else part for part in parts], axis=1)
    whole = float(np.nanmean(joined)) if np.isfinite(joined).any() else 1.0
    known = np.isfinite(joined)
    sums = np.where(known, joined, 0).sum(axis=1, keepdims=True)
    means = np.where(known.any(axis=1, keepdims=True), sums / np.maximum(known.sum(axis=1, keepdims=True), 1), whole)
    return np.asarray(np.maximum(means, 1e-12))
