"""Thresholds fitted on the scores of validation wells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.errors import SpecError
from aemodels.spec import Spec
from aemodels.types import FloatArray


class MeanStd(Spec):
    """Mean + k standard deviations of all scores: the published rule, right for normal scores only."""

    kind: Literal["mean_std"] = "mean_std"
    k: float = Field(default=3.0, gt=0.0, le=20.0, description="standard deviations above the mean")

    @property
    def nominal(self) -> float:
        """False-alarm rate promised if scores were normal: 1 - Phi(k)."""
        return 0.5 * math.erfc(self.k / math.sqrt(2))

    def fit(self, scores: Sequence[FloatArray]) -> float:
        pooled = _pooled(scores)
        return float(pooled.mean() + self.k * pooled.std())


class Quantile(Spec):
    """An upper quantile of all scores, every sample alike."""

    kind: Literal["quantile"] = "quantile"
    rate: float = Field(default=0.01, gt=0.0, lt=0.5, description="false-alarm rate promised")

    @property
    def nominal(self) -> float:
        return self.rate

    def fit(self, scores: Sequence[FloatArray]) -> float:
        return float(np.quantile(_pooled(scores), 1 - self.rate, method="higher"))


class Conformal(Spec):
    """Split-conformal by well: samples of a well depend on each other, wells are the exchangeable unit.

    A well's conformity score is its own (1 - rate) quantile. Of n validation wells, the k-th smallest with
    k = ceil((n + 1) * confidence) keeps the rate on a new well with at least that confidence; with fewer wells
    than that takes, the largest is used and the confidence reached is n / (n + 1).

    References:
        Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World; Dunn, Wasserman & Ramdas (2022),
        JASA 118, 2491 (groups as the exchangeable unit).
    """

    kind: Literal["conformal"] = "conformal"
    rate: float = Field(default=0.01, gt=0.0, lt=0.5, description="false-alarm rate promised on a new well")
    confidence: float = Field(default=0.75, gt=0.0, lt=1.0, description="share of new wells on which it is to hold")

    @property
    def nominal(self) -> float:
        return self.rate

    def fit(self, scores: Sequence[FloatArray]) -> float:
        wells = [well[np.isfinite(well)] for well in scores]
        quantiles = sorted(float(np.quantile(well, 1 - self.rate, method="higher")) for well in wells if well.size)
        if not quantiles:
            raise SpecError("no scored validation well; expected at least one to fit a threshold to")
        place = math.ceil((len(quantiles) + 1) * self.confidence)
        return quantiles[min(place, len(quantiles)) - 1]


ThresholdSpec: TypeAlias = Annotated[MeanStd | Quantile | Conformal, Field(discriminator="kind")]


def _pooled(scores: Sequence[FloatArray]) -> NDArray[np.float64]:
    pooled = np.concatenate([np.asarray(well, dtype=np.float64) for well in scores] or [np.empty(0)])
    pooled = np.asarray(pooled[np.isfinite(pooled)], dtype=np.float64)
    if not pooled.size:
        raise SpecError("no validation score is finite; expected scored validation wells to fit a threshold to")
    return pooled
