"""Principal components: the linear autoencoder, and Wiener shrinkage of the components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.interfaces import Denoiser, FitContext, FitResult
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Section
from aemodels.signal.noise_estimate import noise_power
from aemodels.signal.windows import WindowSpec, cut, overlap_add


class _PcaBase(Spec):
    window: WindowSpec = Field(
        default=WindowSpec(length=100, stride=10, width=1), description="windows that sections are cut into"
    )
    stride: int = Field(default=10, ge=1, le=4096, description="distance between the windows of the fit, in samples")

    def _fit(self, train: Sequence[Section]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return mean [size], components [size, size] and variances [size] of the windows that are mostly observed."""
        dense = self.window.model_copy(update={"stride": self.stride})
        sets = [cut(section, dense) for section in train]
        flat = np.concatenate([windows.values.reshape(len(windows.values), -1) for windows in sets])
        whole = np.concatenate([windows.mask.reshape(len(windows.mask), -1).mean(axis=1) > 0.9 for windows in sets])
        flat = (flat[whole] if whole.sum() > 2 * flat.shape[1] else flat).astype(np.float64)
        mean = flat.mean(axis=0)
        variance, components = np.linalg.eigh(np.cov(flat - mean, rowvar=False))
        return mean, components[:, ::-1].T, np.maximum(variance[::-1], 0)


class Pca(_PcaBase):
    """Projection on the leading components, equivalent to a linear autoencoder of the same latent size."""

    kind: Literal["pca"] = "pca"
    latent: int = Field(default=10, ge=1, le=2048, description="components kept")

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        mean, components, variance = self._fit(train)
        denoiser = PcaDenoiser(self, mean, components[: self.latent], variance / max(variance.sum(), 1e-30))
        return FitResult(denoiser=denoiser, parameters=mean.size + denoiser.components.size)

    def restore(self, arrays: dict[str, NDArray[Any]]) -> Denoiser:
        return PcaDenoiser(self, arrays["mean"], arrays["components"], arrays["variance"])


class PcaWiener(_PcaBase):
    """Shrinkage of each component by variance / (variance + noise variance), with the noise estimated per section."""

    kind: Literal["pca_wiener"] = "pca_wiener"
    window: WindowSpec = Field(default=WindowSpec(length=96, stride=4, width=0), description="all curves together")

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        mean, components, variance = self._fit(train)
        denoiser = PcaWienerDenoiser(self, mean, components, variance)
        return FitResult(denoiser=denoiser, parameters=mean.size + components.size)

    def restore(self, arrays: dict[str, NDArray[Any]]) -> Denoiser:
        return PcaWienerDenoiser(self, arrays["mean"], arrays["components"], arrays["variance"])


@dataclass(frozen=True, eq=False)
class PcaDenoiser:
    """Fitted Pca: mean [size], components [latent, size], explained variance ratios [size]."""

    spec: Pca | PcaWiener
    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    variance: NDArray[np.float64]

    def denoise(self, section: Section) -> FloatArray:
        windows = cut(section, self.spec.window)
        centred = windows.values.reshape(len(windows.values), -1) - self.mean
        rebuilt = (centred @ self.components.T) * self._gain(section) @ self.components + self.mean
        flat = rebuilt.reshape(windows.values.shape).astype(np.float32)
        return overlap_add(flat, windows, self.spec.window.blend)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"mean": self.mean, "components": self.components, "variance": self.variance}

    def _gain(self, section: Section) -> NDArray[np.float64]:
        """Return the gain of each component: 1."""
        return np.ones(len(self.components))


class PcaWienerDenoiser(PcaDenoiser):
    """Fitted PcaWiener: mean [size], components [size, size], variances [size].

    References:
        Wiener shrinkage in the Karhunen-Loeve basis, e.g. Muresan & Parks (2003), ICIP.
    """

    def _gain(self, section: Section) -> NDArray[np.float64]:
        power = section.noise.power if section.noise else noise_power(section.values, section.mask)
        return np.asarray(self.variance / np.maximum(self.variance + power, 1e-30))
