"""Signed residual of each curve from its prediction by the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import uniform_filter1d

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.detect.base import DetectContext, Detector, Reasons, channel_scale, row_scores
from aemodels.detect.cross_curve.boosted_predictor import (
    BoostedPredictor,
    BoostingSpec,
    fit_boosted_apart,
    restore_boosted,
)
from aemodels.detect.cross_curve.linear_predictor import REACH, CrossPredictor, fit_predictors

Predictor = CrossPredictor | BoostedPredictor
_ROUGH_WINDOW = 51  # samples, 8 m
_SIGNS = {"both": 0.0, "above": 1.0, "below": -1.0}


class CrossCurve(Spec):
    """How far a curve lies from what the other curves say it should be, in units of its usual distance.

    Signed: bulk density below its prediction is what a hole too wide for the pad looks like, above it is a heavy
    mineral. Predictions for training wells come from the other wells, so that the usual distance is one between
    wells. The residual may be averaged over some metres and taken about its own slow mean: what a well is off
    throughout is its geology.
    """

    records: ClassVar[Kind] = "logs"

    kind: Literal["cross_curve"] = "cross_curve"
    model: Literal["ridge", "boosting"] = Field(
        default="ridge", description="linear in 41 samples of each other curve, or boosted trees on local means"
    )
    target: str | None = Field(default=None, description="the one curve that is judged; None = each by the others")
    predictors: tuple[str, ...] = Field(
        default=(), description="boosting: curves that predict the target; none named = all others"
    )
    sign: Literal["both", "above", "below"] = Field(
        default="both", description="which side of the prediction is anomalous"
    )
    smooth: int = Field(default=1, ge=1, le=1001, description="samples over which the residual is averaged")
    baseline: int = Field(
        default=0, ge=0, le=20_001, description="samples of the running mean that is taken off; 0 = none"
    )
    rough: float = Field(
        default=0.0,
        ge=0.0,
        le=10.0,
        description="what a tenfold roughness of the curve adds, normalised units: a torn wall reads roughly",
    )
    speaks_for: str | None = Field(
        default=None, description="the fault kind that such a residual is evidence of, if any"
    )
    boosting: BoostingSpec = Field(default=BoostingSpec(), description="size of the boosted trees")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        if context.kind != "logs":
            raise SpecError(f"cross_curve compares curves of a well; it cannot judge {context.kind} recordings")
        rows = self._rows(context, len(train[0].values))
        predictor, without = self._predictors(train, rows, context)
        detector = CrossCurveDetector(self, predictor, rows, np.ones((len(train[0].values), 1), dtype=np.float32))
        scores = [
            CrossCurveDetector(self, other, rows, detector.scale).score(section)
            for section, other in zip(train, without, strict=True)
        ]
        return CrossCurveDetector(self, predictor, rows, channel_scale(scores, context.kind), tuple(without))

    def _predictors(
        self, train: Sequence[Section], rows: NDArray[np.int64], context: DetectContext
    ) -> tuple[Predictor, Sequence[Predictor]]:
        if self.model == "ridge":
            return fit_predictors(train)
        return fit_boosted_apart(train, rows, self.boosting, context.seed)

    def _rows(self, context: DetectContext, count: int) -> NDArray[np.int64]:
        """The target's row (-1 = every curve), then the rows that predict it."""
        curves = tuple(getattr(context.normaliser, "curves", ()))
        named = [name for name in (self.target, *self.predictors) if name is not None]
        if unknown := sorted(set(named) - set(curves)):
            raise SpecError(f"cross_curve names the curves {unknown}; the experiment has {', '.join(curves) or 'none'}")
        if self.target is None:
            return np.array([-1], dtype=np.int64)
        target = curves.index(self.target)
        others = [curves.index(name) for name in self.predictors] or [row for row in range(count) if row != target]
        return np.array([target, *others], dtype=np.int64)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        if self.model == "ridge":
            predictor: Predictor = CrossPredictor.restore(arrays)
        else:
            predictor = restore_boosted(arrays)
        return CrossCurveDetector(self, predictor, arrays["rows"], arrays["scale"])


@dataclass(frozen=True, eq=False)
class CrossCurveDetector:
    """Fitted CrossCurve.

    Args:
        spec: which residual it is.
        predictor: of each judged curve from others.
        rows: the target's row (-1 = every curve), then those that predict it.
        scale: 99th percentile of each curve's scores on training wells.
        without: predictors fitted without each training section; not kept with the detector.
    """

    spec: CrossCurve
    predictor: Predictor
    rows: NDArray[np.int64]
    scale: NDArray[np.float32]
    without: tuple[Predictor, ...] = field(default=(), repr=False)

    @property
    def apart(self) -> tuple[CrossCurveDetector, ...]:
        return tuple(CrossCurveDetector(self.spec, predictor, self.rows, self.scale) for predictor in self.without)

    def score(self, section: Section) -> FloatArray:
        sign = _SIGNS[self.spec.sign]
        residual = self.residual(section)
        off = np.abs(residual) if sign == 0 else sign * residual
        return ((off + self.spec.rough * roughness(section)) / self.scale).astype(np.float32)

    def residual(self, section: Section) -> FloatArray:
        """Signed residual float32[channel, sample] in normalised units, smoothed; NaN where unobserved, not judged."""
        off = np.clip(section.values, *REACH) - self.predictor.predict(section)
        judged = section.mask.copy()
        if self.rows[0] >= 0:
            judged[np.arange(len(judged)) != self.rows[0]] = False
        smooth = running_mean(off, judged, self.spec.smooth)
        if self.spec.baseline:
            smooth = smooth - running_mean(off, judged, self.spec.baseline)
        return np.where(judged, smooth, np.nan).astype(np.float32)

    def reasons(self, section: Section) -> Reasons:
        """The score of the worst curve, for the one kind that it speaks for; none where it speaks for none."""
        if self.spec.speaks_for is None:
            return Reasons((), np.zeros((0, section.values.shape[1]), dtype=np.float32))
        return Reasons((self.spec.speaks_for,), row_scores(self.score(section), "logs")[None])

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**self.predictor.arrays(), "rows": self.rows, "scale": self.scale}


def roughness(section: Section) -> FloatArray:
    """Decades of the steps' root mean square over 51 samples above a thousandth: float32[channel, sample], from 0."""
    steps = np.diff(section.values, axis=1, prepend=section.values[:, :1]).astype(np.float64)
    square = uniform_filter1d(steps**2, _ROUGH_WINDOW, axis=1, mode="nearest")
    return np.asarray(np.log10(np.sqrt(np.maximum(square, 0)) + 1e-3) + 3, dtype=np.float32)


def running_mean(values: FloatArray, mask: NDArray[np.bool_], window: int) -> FloatArray:
    """Running mean of the observed samples, float32[channel, sample]."""
    if window == 1:
        return values
    total = uniform_filter1d(np.where(mask, values, 0), window, axis=1, mode="nearest")
    count = uniform_filter1d(mask.astype(np.float32), window, axis=1, mode="nearest")
    return np.asarray(total / np.maximum(count, 0.5 / window), dtype=np.float32)
