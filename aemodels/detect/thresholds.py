"""Thresholds fitted on the scores of clean validation wells."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray

DEFAULT_RATE = 0.01
SUSPECT, SUSPECT_RATE = "suspect", 0.05  # label and default rate of the softer level, for reviewers
STANDARDISED, EARLIER_STANDARDISED = "_standardised", "_own"  # suffix of labels, and the one of version 0.1
# The spread of a recording's scores: its SPREAD_QUANTILE less its median, as anomalies lie in the tail above.
SPREAD_QUANTILE = 0.9
MIN_EXCESSES = 30  # with fewer, a law with two parameters cannot be fitted: the empirical quantile is taken

Rate: TypeAlias = Annotated[float, Field(gt=0.0, lt=0.5)]


class ThresholdBase(Spec):
    """A threshold fitted on scores of clean wells, with a nominal false-alarm rate."""

    earlier_names: ClassVar[Mapping[str, str]] = {"own": "standardise_per_recording"}

    standardise_per_recording: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="how far scores are standardised by the median and spread of their own recording: 0 = not at all, "
        "1 = in full",
    )

    @property
    def label(self) -> str:
        """Name in tables: the kind, with "_standardised" if scores are standardised per recording."""
        kind = str(getattr(self, "kind", type(self).__name__))
        return f"{kind}{STANDARDISED}" if self.standardise_per_recording else kind

    @property
    @abstractmethod
    def nominal_rate(self) -> float:
        """The nominal false-alarm rate, a share of the observed rows."""

    def with_rate(self, rate: float) -> ThresholdBase:
        """Return the threshold with the experiment's rate if it has no rate of its own."""
        return self.model_copy(update={"rate": rate}) if getattr(self, "rate", rate) is None else self

    def standardised(self, scores: FloatArray, rows: FloatArray) -> FloatArray:
        """Return the scores of a recording on the scale of the threshold.

        (score - w * median) / (spread ** w) with w = standardise_per_recording and the median and spread of the row
        scores: unchanged for w = 0, the robust standard score for w = 1. Needs the scores of a whole recording.

        Args:
            scores: float32, any shape: of the rows, or of each curve.
            rows: float32[row], the recording's row scores, NaN = not scored.
        """
        known = rows[np.isfinite(rows)].astype(np.float64)
        weight = self.standardise_per_recording
        if not weight or not known.size:
            return scores
        middle, upper = np.quantile(known, [0.5, SPREAD_QUANTILE])
        spread = max(float(upper - middle), 1e-6)
        return np.asarray((scores - weight * middle) / spread**weight, dtype=np.float32)

    def fit(self, scores: Sequence[FloatArray]) -> float:
        """Return the threshold's value; a row above it is anomalous.

        Args:
            scores: row scores float32[row] of clean validation wells, one array per well, NaN = not scored.

        Raises:
            SpecError: if no row is scored.
        """
        return self.fit_standardised([self.standardised(well, well) for well in scores])

    @abstractmethod
    def fit_standardised(self, scores: Sequence[FloatArray]) -> float:
        """Return the threshold's value for scores that are standardised already."""


class MeanStd(ThresholdBase):
    """Mean + k standard deviations of all scores: the published rule, exact only for normally distributed scores."""

    kind: Literal["mean_std"] = "mean_std"
    k: float = Field(default=3.0, gt=0.0, le=20.0, description="standard deviations above the mean")

    @property
    @override
    def nominal_rate(self) -> float:
        """False-alarm rate for normally distributed scores: 1 - Phi(k)."""
        return 0.5 * math.erfc(self.k / math.sqrt(2))

    @override
    def fit_standardised(self, scores: Sequence[FloatArray]) -> float:
        pooled = _pooled(scores)
        return float(pooled.mean() + self.k * pooled.std())


class RateThreshold(ThresholdBase):
    """A threshold with a given nominal false-alarm rate."""

    rate: Rate | None = Field(default=None, description="nominal false-alarm rate; None = that of the experiment")

    @property
    @override
    def nominal_rate(self) -> float:
        """The rate of the spec, or the default one."""
        return DEFAULT_RATE if self.rate is None else self.rate


class Quantile(RateThreshold):
    """An upper quantile of the scores of all wells pooled."""

    kind: Literal["quantile"] = "quantile"

    @override
    def fit_standardised(self, scores: Sequence[FloatArray]) -> float:
        return float(np.quantile(_pooled(scores), 1 - self.nominal_rate, method="higher"))


class Conformal(RateThreshold):
    """Split-conformal by well: samples of a well are dependent, so wells are the exchangeable unit.

    The conformity score of a well is its (1 - rate) quantile. Of n validation wells, the k-th smallest with
    k = ceil((n + 1) * confidence) keeps the rate on a new well with at least that confidence. If k exceeds n, the
    largest is used and the confidence reached is n / (n + 1).

    References:
        Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World; Dunn, Wasserman & Ramdas (2022),
        JASA 118, 2491 (groups as the exchangeable unit).
    """

    kind: Literal["conformal"] = "conformal"
    confidence: float = Field(
        default=0.75, gt=0.0, lt=1.0, description="share of new wells on which the rate is to hold"
    )

    @override
    def fit_standardised(self, scores: Sequence[FloatArray]) -> float:
        wells = [well[np.isfinite(well)] for well in scores]
        quantiles = sorted(
            float(np.quantile(well, 1 - self.nominal_rate, method="higher")) for well in wells if well.size
        )
        if not quantiles:
            raise SpecError("no scored validation well; expected at least one to fit a threshold to")
        rank = math.ceil((len(quantiles) + 1) * self.confidence)
        return quantiles[min(rank, len(quantiles)) - 1]


class Tail(RateThreshold):
    """Peaks over threshold: a generalised Pareto law for exceedances of a high quantile, evaluated at the nominal rate.

    With the share z of rows above the quantile u, and the law's scale s and shape x, the level exceeded by a share r
    is u + s / x * ((z / r) ** x - 1). More stable than an empirical quantile at rates that few rows reach.

    References:
        Coles, S. (2001), An Introduction to Statistical Modeling of Extreme Values, Springer, section 4.3.3;
        Siffer et al. (2017), Anomaly Detection in Streams with Extreme Value Theory, KDD.
    """

    kind: Literal["tail"] = "tail"
    start: float = Field(default=0.95, ge=0.5, lt=1.0, description="quantile of all scores at which the tail begins")

    @override
    def fit_standardised(self, scores: Sequence[FloatArray]) -> float:
        from scipy.stats import genpareto

        pooled = _pooled(scores)
        begin = float(np.quantile(pooled, self.start))
        excess = pooled[pooled > begin] - begin
        share = excess.size / pooled.size
        if excess.size < MIN_EXCESSES or share <= self.nominal_rate:
            return float(np.quantile(pooled, 1 - self.nominal_rate, method="higher"))
        shape, _, scale = genpareto.fit(excess, floc=0.0)
        ratio = share / self.nominal_rate
        grown = math.log(ratio) if abs(shape) < 1e-9 else (ratio**shape - 1.0) / shape
        return begin + float(scale) * grown


def present_label(label: str) -> str:
    """Return the label of a threshold under its present name, given that or the name of version 0.1.

    >>> present_label("conformal_own")
    'conformal_standardised'
    """
    return label.removesuffix(EARLIER_STANDARDISED) + STANDARDISED if label.endswith(EARLIER_STANDARDISED) else label


ThresholdSpec: TypeAlias = Annotated[MeanStd | Quantile | Conformal | Tail, Field(discriminator="kind")]


def _pooled(scores: Sequence[FloatArray]) -> NDArray[np.float64]:
    pooled = np.concatenate([np.asarray(well, dtype=np.float64) for well in scores] or [np.empty(0)])
    pooled = np.asarray(pooled[np.isfinite(pooled)], dtype=np.float64)
    if not pooled.size:
        raise SpecError("no validation score is finite; expected scored validation wells to fit a threshold to")
    return pooled
