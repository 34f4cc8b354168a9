"""Reconstruction error: of any contender, and of principal components."""

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
    """Difference between the input and its reconstruction, in units of the training errors' 99th percentile."""

    denoiser: Denoiser
    scale: NDArray[np.float32]
    kind: Kind
    own: bool

    def score(self, section: Section) -> FloatArray:
        return (error_scores(section, self.denoiser.denoise(section), self.kind) / self.scale).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        fitted = {f"model_{name}": array for name, array in self.denoiser.arrays().items()} if self.own else {}
        return {"scale": self.scale, **fitted}


class Reconstruction(Spec):
    """Reconstruction error of a fitted contender."""

    kind: Literal["reconstruction"] = "reconstruction"
    contender: str = Field(description="name of the contender that reconstructs")

    def _denoiser(self, context: DetectContext) -> Denoiser:
        if self.contender not in context.denoisers:
            raise SpecError(
                f"detector wants contender {self.contender!r}; the experiment has {sorted(context.denoisers)}"
            )
        return context.denoisers[self.contender]

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        denoiser = self._denoiser(context)
        return _fitted(denoiser, train, context.kind, own=False)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        return ReconstructionDetector(self._denoiser(context), arrays["scale"], context.kind, own=False)


class PcaReconstruction(Spec):
    """Reconstruction error of principal components: what is left of an autoencoder without its nonlinearity."""

    kind: Literal["pca_reconstruction"] = "pca_reconstruction"
    model: Pca = Field(default=Pca(), description="the components and their windows")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        result = self.model.fit(train, train, FitContext(kind=context.kind, seed=context.seed))
        return _fitted(result.denoiser, train, context.kind, own=True)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        fitted = {name.removeprefix("model_"): array for name, array in arrays.items() if name.startswith("model_")}
        return ReconstructionDetector(self.model.restore(fitted), arrays["scale"], context.kind, own=True)


def _fitted(denoiser: Denoiser, train: Sequence[Section], kind: Kind, *, own: bool) -> ReconstructionDetector:
    scores = [error_scores(section, denoiser.denoise(section), kind) for section in train]
    return ReconstructionDetector(denoiser, channel_scale(scores, kind), kind, own=own)
