"""Reconstruction probability of a variational autoencoder as a score."""

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
    """Reconstruction probability of a variational contender: log-likelihood averaged over samples of the latent vector.

    The score is the negative expected log-likelihood of a sample under the decoder, for latent vectors drawn from the
    posterior, less that of a perfect reconstruction, in nats. The variance of the decoder is that of the training
    errors, per curve; errors of traces are first divided by the mean square of the trace.

    References:
        An & Cho (2015), Variational Autoencoder based Anomaly Detection using Reconstruction Probability, SNU.
    """

    kind: Literal["vae_probability"] = "vae_probability"  # type: ignore[assignment]
    contender: str = Field(description="name of the variational contender, of kind vae or vae_conv")
    draws: int = Field(default=8, ge=1, le=1000, description="latent vectors drawn per window")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the variance of the decoder."""
        network = self._network(context)
        parts = [_errors(network, section, self._rng(context), self.draws, context.kind) for section in train]
        variance = _channel_means(parts, context.kind)
        return VaeDetector(network, variance, self.draws, context.seed, context.kind)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        return VaeDetector(self._network(context), arrays["variance"], self.draws, context.seed, context.kind)

    def _network(self, context: DetectContext) -> NetworkDenoiser:
        found = self._denoiser(context)
        if isinstance(found, NetworkDenoiser) and isinstance(found.spec, Vae | VaeConv):
            return found
        kind = getattr(getattr(found, "spec", found), "kind", type(found).__name__)
        raise SpecError(
            f"contender {self.contender!r} is of kind {kind}; vae_probability needs a vae or vae_conv without guards"
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
        draws: latent vectors drawn per window.
        seed: of the draws; the same for every section.
        kind: "logs" or "seismic".
    """

    network: NetworkDenoiser
    variance: NDArray[np.float64]
    draws: int
    seed: int
    kind: Kind

    def score(self, section: Section) -> FloatArray:
        """Return the negative log-likelihood in nats, less that of a perfect reconstruction."""
        errors = _errors(self.network, section, np.random.default_rng(self.seed), self.draws, self.kind)
        return np.asarray(errors / (2 * self.variance), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {"variance": self.variance}


def _errors(
    network: NetworkDenoiser, section: Section, rng: np.random.Generator, draws: int, kind: Kind
) -> NDArray[np.float64]:
    """Return squared errors averaged over draws, NaN = unobserved: [channel, sample], or relative ones, [trace, 1]."""
    from aemodels.denoisers.networks.variational_layers import decode, posterior

    windows = cut(section, network.spec.window)
    mean, deviation = posterior(network, windows)
    total = np.zeros(windows.values.shape, dtype=np.float64)
    for _ in range(draws):
        latent = mean + deviation * rng.standard_normal(mean.shape, dtype=np.float32)
        total += (decode(network, latent, windows.values.shape[2]) - windows.values) ** 2
    error = overlap_add((total / draws).astype(np.float32), windows, network.spec.window.blend).astype(np.float64)
    error[~section.mask] = np.nan
    return error if kind == "logs" else _relative(error, section)


def _relative(error: NDArray[np.float64], section: Section) -> NDArray[np.float64]:
    """Return the mean error of each trace over its mean square: float64[trace, 1], NaN if nothing is observed."""
    count = np.maximum(section.mask.sum(axis=1, keepdims=True), 1)
    power = np.where(section.mask, section.values.astype(np.float64) ** 2, 0).sum(axis=1, keepdims=True) / count
    share = np.nansum(error, axis=1, keepdims=True) / count / np.maximum(power, 1e-12)
    return np.where(section.mask.any(axis=1, keepdims=True), share, np.nan)


def _channel_means(parts: Sequence[NDArray[np.float64]], kind: Kind) -> NDArray[np.float64]:
    """Return the mean error of each channel over all sections; the overall mean for a channel without observations."""
    joined = np.concatenate([part.ravel()[None] if kind == "seismic" else part for part in parts], axis=1)
    overall = float(np.nanmean(joined)) if np.isfinite(joined).any() else 1.0
    known = np.isfinite(joined)
    sums = np.where(known, joined, 0).sum(axis=1, keepdims=True)
    means = np.where(known.any(axis=1, keepdims=True), sums / np.maximum(known.sum(axis=1, keepdims=True), 1), overall)
    return np.asarray(np.maximum(means, 1e-12))
