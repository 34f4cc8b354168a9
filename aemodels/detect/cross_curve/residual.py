"""Signed residual of each curve from its prediction by the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import uniform_filter1d
from typing_extensions import override

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.detect.base import DetectContext, Detector, EvaluatedDetector, Evaluation, channel_scale, of_one_kind
from aemodels.detect.cross_curve.boosted_predictor import (
    BoostedPredictor,
    BoostingSpec,
    fit_boosted_out_of_fold,
    restore_boosted,
)
from aemodels.detect.cross_curve.linear_predictor import CLIP_RANGE, RidgeFromOtherCurves, fit_predictors

Predictor = RidgeFromOtherCurves | BoostedPredictor
_ROUGHNESS_WINDOW = 51  # samples, 8 m
_SIGNS = {"both": 0.0, "above": 1.0, "below": -1.0}


class CrossCurve(Spec):
    """Residual of a curve from its prediction by the other curves, in units of its 99th percentile in training.

    The sign can matter: bulk density below its prediction indicates a washout, above it a heavy mineral. Training
    wells are predicted out-of-fold, so that the percentile is one between wells. The residual may be averaged over
    some metres, and its running mean removed, because a deviation of the whole well is due to geology.
    """

    earlier_names: ClassVar[Mapping[str, str]] = {"rough": "roughness_weight", "speaks_for": "fault_kind"}
    records: ClassVar[Kind] = "logs"

    kind: Literal["cross_curve"] = "cross_curve"
    model: Literal["ridge", "boosting"] = Field(
        default="ridge",
        description="ridge: linear in 41 samples of each other curve; boosting: boosted trees on local means",
    )
    target: str | None = Field(default=None, description="the one curve that is scored; None = all curves")
    predictors: tuple[str, ...] = Field(
        default=(), description="boosting: curves that predict the target; empty = all others"
    )
    sign: Literal["both", "above", "below"] = Field(
        default="both", description="which side of the prediction is anomalous"
    )
    smooth: int = Field(default=1, ge=1, le=1001, description="samples over which the residual is averaged")
    baseline: int = Field(
        default=0,
        ge=0,
        le=20_001,
        description="samples of the running mean that is subtracted from the residual; 0 = none",
    )
    roughness_weight: float = Field(
        default=0.0,
        ge=0.0,
        le=10.0,
        description="added to the score per decade of the curve's roughness, normalised units; high beside a rugose "
        "borehole wall",
    )
    fault_kind: str | None = Field(default=None, description="fault kind that the residual is evidence of, if any")
    boosting: BoostingSpec = Field(default=BoostingSpec(), description="boosted trees, for model boosting")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the predictors and the scale.

        Raises:
            SpecError: for seismic, or if a curve is named that the experiment lacks.
        """
        if context.kind != "logs":
            raise SpecError(f"cross_curve compares curves of a well; it cannot score {context.kind} recordings")
        rows = self._rows(context, len(train[0].values))
        predictor, out_of_fold = self._predictors(train, rows, context)
        detector = CrossCurveDetector(self, predictor, rows, np.ones((len(train[0].values), 1), dtype=np.float32))
        scores = [
            CrossCurveDetector(self, other, rows, detector.scale).score(section)
            for section, other in zip(train, out_of_fold, strict=True)
        ]
        return CrossCurveDetector(self, predictor, rows, channel_scale(scores, context.kind), tuple(out_of_fold))

    def _predictors(
        self, train: Sequence[Section], rows: NDArray[np.int64], context: DetectContext
    ) -> tuple[Predictor, Sequence[Predictor]]:
        if self.model == "ridge":
            return fit_predictors(train)
        return fit_boosted_out_of_fold(train, rows, self.boosting, context.seed)

    def _rows(self, context: DetectContext, count: int) -> NDArray[np.int64]:
        """Return the target's row (-1 = every curve), then the rows of its predictors."""
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
        """Rebuild the fitted detector from its arrays."""
        if self.model == "ridge":
            predictor: Predictor = RidgeFromOtherCurves.restore(arrays)
        else:
            predictor = restore_boosted(arrays)
        return CrossCurveDetector(self, predictor, arrays["rows"], arrays["scale"])


@dataclass(frozen=True, eq=False)
class CrossCurveDetector(EvaluatedDetector):
    """Fitted CrossCurve.

    Args:
        spec: sign and averaging of the residual.
        predictor: of each scored curve from others.
        rows: the target's row (-1 = every curve), then the rows of its predictors.
        scale: float32[channel, 1], 99th percentile of each curve's scores on training wells.
        out_of_fold_predictors: fitted without each training section; not stored with the detector.
    """

    spec: CrossCurve
    predictor: Predictor
    rows: NDArray[np.int64]
    scale: NDArray[np.float32]
    out_of_fold_predictors: tuple[Predictor, ...] = field(default=(), repr=False)

    @property
    def out_of_fold(self) -> tuple[CrossCurveDetector, ...]:
        """For each training section a detector whose predictor was fitted without it."""
        return tuple(
            CrossCurveDetector(self.spec, predictor, self.rows, self.scale) for predictor in self.out_of_fold_predictors
        )

    @override
    def evaluate(self, section: Section) -> Evaluation:
        """Return the size of the residual, or its size on one side, in units of the training scale.

        The row score is evidence of the one fault kind; no kinds if the residual has none.
        """
        sign = _SIGNS[self.spec.sign]
        residual = self.residual(section)
        size = np.abs(residual) if sign == 0 else sign * residual
        scores = ((size + self.spec.roughness_weight * roughness(section)) / self.scale).astype(np.float32)
        return Evaluation(scores, fault_scores=of_one_kind(self.spec.fault_kind, scores))

    def residual(self, section: Section) -> FloatArray:
        """Return the signed, smoothed residual float32[channel, sample] in normalised units; NaN = not scored."""
        residual = np.clip(section.values, *CLIP_RANGE) - self.predictor.predict(section)
        scored = section.mask.copy()
        if self.rows[0] >= 0:
            scored[np.arange(len(scored)) != self.rows[0]] = False
        smooth = running_mean(residual, scored, self.spec.smooth)
        if self.spec.baseline:
            smooth = smooth - running_mean(residual, scored, self.spec.baseline)
        return np.where(scored, smooth, np.nan).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {**self.predictor.arrays(), "rows": self.rows, "scale": self.scale}


def roughness(section: Section) -> FloatArray:
    """Return log10 of the rms step over 51 samples, in thousandths of a normalised unit: float32[channel, sample]."""
    steps = np.diff(section.values, axis=1, prepend=section.values[:, :1]).astype(np.float64)
    square = uniform_filter1d(steps**2, _ROUGHNESS_WINDOW, axis=1, mode="nearest")
    return np.asarray(np.log10(np.sqrt(np.maximum(square, 0)) + 1e-3) + 3, dtype=np.float32)


def running_mean(values: FloatArray, mask: NDArray[np.bool_], window: int) -> FloatArray:
    """Return the running mean of the observed samples, float32[channel, sample]."""
    if window == 1:
        return values
    total = uniform_filter1d(np.where(mask, values, 0), window, axis=1, mode="nearest")
    count = uniform_filter1d(mask.astype(np.float32), window, axis=1, mode="nearest")
    return np.asarray(total / np.maximum(count, 0.5 / window), dtype=np.float32)
