"""Thresholds fitted on the scores of clean validation wells."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray

RATE = 0.01
# A well's own level and spread: its median, and how far its 90th percentile lies above (the tail holds the anomalies).
OWN_SPREAD = 0.9
FEWEST_EXCESSES = 30  # fewer cannot carry a law with two parameters: the quantile itself is taken

Rate: TypeAlias = Annotated[float, Field(gt=0.0, lt=0.5)]


class ThresholdBase(Spec):
    """A threshold: fitted on scores of clean wells, it promises a rate of false alarms on others."""

    own: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="how far scores are judged by their own well's level and spread: 0 = not at all, 1 = in full",
    )

    @property
    def label(self) -> str:
        """Name in tables: the kind, and "_own" where a well's own scores count."""
        kind = str(getattr(self, "kind", type(self).__name__))
        return f"{kind}_own" if self.own else kind

    @property
    @abstractmethod
    def nominal(self) -> float:
        """The false-alarm rate promised, a share of the observed rows."""

    def promising(self, rate: float) -> ThresholdBase:
        """The same threshold with the experiment's rate where it names none of its own."""
        return self.model_copy(update={"rate": rate}) if getattr(self, "rate", rate) is None else self

    def comparable(self, scores: FloatArray, rows: FloatArray) -> FloatArray:
        """Scores of a well brought to the scale that the threshold is given in.

        (score - own * median) / (spread ** own), of the well's row scores: nothing for own = 0, the robust standard
        score for own = 1. Only scores of whole wells can be judged so.

        Args:
            scores: float32, any shape: of the rows, or of each curve.
            rows: float32[row], the well's row scores, NaN where there is none.
        """
        known = rows[np.isfinite(rows)].astype(np.float64)
        if not self.own or not known.size:
            return scores
        middle, upper = np.quantile(known, [0.5, OWN_SPREAD])
        spread = max(float(upper - middle), 1e-6)
        return np.asarray((scores - self.own * middle) / spread**self.own, dtype=np.float32)

    def fit(self, scores: Sequence[FloatArray]) -> float:
        """The threshold's value; a row above it is anomalous.

        Args:
            scores: row scores float32[row] of clean validation wells, one array a well, NaN = unscored.

        Raises:
            SpecError: if no row is scored.
        """
        return self.place([self.comparable(well, well) for well in scores])

    @abstractmethod
    def place(self, scores: Sequence[FloatArray]) -> float:
        """The value for scores that are comparable already."""


class MeanStd(ThresholdBase):
    """Mean + k standard deviations of all scores: the published rule, right for normal scores only."""

    kind: Literal["mean_std"] = "mean_std"
    k: float = Field(default=3.0, gt=0.0, le=20.0, description="standard deviations above the mean")

    @property
    @override
    def nominal(self) -> float:
        """False-alarm rate promised if scores were normal: 1 - Phi(k)."""
        return 0.5 * math.erfc(self.k / math.sqrt(2))

    @override
    def place(self, scores: Sequence[FloatArray]) -> float:
        pooled = _pooled(scores)
        return float(pooled.mean() + self.k * pooled.std())


class _Rated(ThresholdBase):
    """A threshold whose promise is a rate."""

    rate: Rate | None = Field(default=None, description="false-alarm rate promised; None = the experiment's")

    @property
    @override
    def nominal(self) -> float:
        return RATE if self.rate is None else self.rate


class Quantile(_Rated):
    """An upper quantile of all scores, every sample alike."""

    kind: Literal["quantile"] = "quantile"

    @override
    def place(self, scores: Sequence[FloatArray]) -> float:
        return float(np.quantile(_pooled(scores), 1 - self.nominal, method="higher"))


class Conformal(_Rated):
    """Split-conformal by well: samples of a well depend on each other, wells are the exchangeable unit.

    A well's conformity score is its own (1 - rate) quantile. Of n validation wells, the k-th smallest with
    k = ceil((n + 1) * confidence) keeps the rate on a new well with at least that confidence; with fewer wells
    than that takes, the largest is used and the confidence reached is n / (n + 1).

    References:
        Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World; Dunn, Wasserman & Ramdas (2022),
        JASA 118, 2491 (groups as the exchangeable unit).
    """

    kind: Literal["conformal"] = "conformal"
    confidence: float = Field(default=0.75, gt=0.0, lt=1.0, description="share of new wells on which it is to hold")

    @override
    def place(self, scores: Sequence[FloatArray]) -> float:
        wells = [well[np.isfinite(well)] for well in scores]
        quantiles = sorted(float(np.quantile(well, 1 - self.nominal, method="higher")) for well in wells if well.size)
        if not quantiles:
            raise SpecError("no scored validation well; expected at least one to fit a threshold to")
        place = math.ceil((len(quantiles) + 1) * self.confidence)
        return quantiles[min(place, len(quantiles)) - 1]


class Tail(_Rated):
    """Peaks over threshold: a generalised Pareto law for what exceeds a high quantile, read off at the rate promised.

    With the share z of rows above the quantile u, and the law's scale s and shape x, the level exceeded by a share r
    is u + s / x * ((z / r) ** x - 1). It steadies rates that few rows reach.

    References:
        Coles, S. (2001), An Introduction to Statistical Modeling of Extreme Values, Springer, section 4.3.3;
        Siffer et al. (2017), Anomaly Detection in Streams with Extreme Value Theory, KDD.
    """

    kind: Literal["tail"] = "tail"
    start: float = Field(default=0.95, ge=0.5, lt=1.0, description="quantile of all scores at which the tail begins")

    @override
    def place(self, scores: Sequence[FloatArray]) -> float:
        from scipy.stats import genpareto

        pooled = _pooled(scores)
        begin = float(np.quantile(pooled, self.start))
        excess = pooled[pooled > begin] - begin
        share = excess.size / pooled.size
        if excess.size < FEWEST_EXCESSES or share <= self.nominal:
            return float(np.quantile(pooled, 1 - self.nominal, method="higher"))
        shape, _, scale = genpareto.fit(excess, floc=0.0)
        ratio = share / self.nominal
        grown = math.log(ratio) if abs(shape) < 1e-9 else (ratio**shape - 1.0) / shape
        return begin + float(scale) * grown


ThresholdSpec: TypeAlias = Annotated[MeanStd | Quantile | Conformal | Tail, Field(discriminator="kind")]


def _pooled(scores: Sequence[FloatArray]) -> NDArray[np.float64]:
    pooled = np.concatenate([np.asarray(well, dtype=np.float64) for well in scores] or [np.empty(0)])
    pooled = np.asarray(pooled[np.isfinite(pooled)], dtype=np.float64)
    if not pooled.size:
        raise SpecError("no validation score is finite; expected scored validation wells to fit a threshold to")
    return pooled
