"""Reconstruction error of a contender, or of principal components, as a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import Denoiser, FitContext
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.denoisers.linear.pca import Pca
from aemodels.detect.base import DetectContext, Detector, channel_scale, error_scores


@dataclass(frozen=True, eq=False)
class ReconstructionDetector:
    """Fitted Reconstruction or PcaReconstruction.

    Args:
        denoiser: that reconstructs.
        scale: 99th percentile of the training errors, float32[channel, 1] or [1, 1].
        kind: "logs" or "seismic".
        stores_model: True if the denoiser is stored with the detector; False if it is a contender of the experiment.
    """

    denoiser: Denoiser
    scale: NDArray[np.float32]
    kind: Kind
    stores_model: bool

    def score(self, section: Section) -> FloatArray:
        """Return the reconstruction error in units of the training scale."""
        return (error_scores(section, self.denoiser.denoise(section), self.kind) / self.scale).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        fitted = {f"model_{name}": array for name, array in self.denoiser.arrays().items()} if self.stores_model else {}
        return {"scale": self.scale, **fitted}


class Reconstruction(Spec):
    """Reconstruction error of a fitted contender."""

    kind: Literal["reconstruction"] = "reconstruction"
    contender: str = Field(description="name of the contender whose reconstruction error is the score")

    def _denoiser(self, context: DetectContext) -> Denoiser:
        if self.contender not in context.denoisers:
            raise SpecError(
                f"the detector needs contender {self.contender!r}; the experiment has {sorted(context.denoisers)}"
            )
        return context.denoisers[self.contender]

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the scale."""
        denoiser = self._denoiser(context)
        return _fitted(denoiser, train, context.kind, stores_model=False)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        return ReconstructionDetector(self._denoiser(context), arrays["scale"], context.kind, stores_model=False)


class PcaReconstruction(Spec):
    """Reconstruction error of principal components: the linear counterpart of an autoencoder."""

    kind: Literal["pca_reconstruction"] = "pca_reconstruction"
    model: Pca = Field(default=Pca(), description="components and windows")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the scale."""
        result = self.model.fit(train, train, FitContext(kind=context.kind, seed=context.seed))
        return _fitted(result.denoiser, train, context.kind, stores_model=True)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        fitted = {name.removeprefix("model_"): array for name, array in arrays.items() if name.startswith("model_")}
        return ReconstructionDetector(self.model.restore(fitted), arrays["scale"], context.kind, stores_model=True)


def _fitted(denoiser: Denoiser, train: Sequence[Section], kind: Kind, *, stores_model: bool) -> ReconstructionDetector:
    scores = [error_scores(section, denoiser.denoise(section), kind) for section in train]
    return ReconstructionDetector(denoiser, channel_scale(scores, kind), kind, stores_model=stores_model)
