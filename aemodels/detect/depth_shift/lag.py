"""Depth shifts as curves that correlate better with their prediction at another lag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import Kind, Section
from aemodels.detect.base import DetectContext, Detector, Evaluation, FaultScores, channel_scale
from aemodels.detect.cross_curve.linear_predictor import RidgeFromOtherCurves, fit_predictors
from aemodels.detect.depth_shift.well_features import WellDetector, WellFeatures


class Lag(Spec):
    """Gain in agreement of a curve with its prediction by the other curves when the curve is shifted.

    Differences are correlated, because bed boundaries define depth; a shift within a uniform bed cannot be detected.
    The score adds the sliding correlation at the best lag, less that at zero lag, and the log-likelihood that an
    interval beside a repeat gains by being shifted back. It is in units of its 99th percentile on training wells.

    References:
        Zangwill, J. (1982), Depth matching: a computerized approach, SPWLA 23rd Symposium, paper EE (correlation
        matching of logs).
    """

    records: ClassVar[Kind] = "logs"

    kind: Literal["lag"] = "lag"
    window: int = Field(default=121, ge=9, le=2001, description="samples of the correlation window; 121 is 18 m")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the predictors and the scale.

        Raises:
            SpecError: for seismic.
        """
        if context.kind != "logs":
            raise SpecError(f"lag compares curves of a well; it cannot score {context.kind} recordings")
        predictor, out_of_fold = fit_predictors(train)
        scale = np.ones((len(train[0].values), 1), dtype=np.float32)
        scores = [
            LagDetector(self, other, scale).score(section) for section, other in zip(train, out_of_fold, strict=True)
        ]
        return LagDetector(self, predictor, channel_scale(scores, context.kind), tuple(out_of_fold))

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        return LagDetector(self, RidgeFromOtherCurves.restore(arrays), arrays["scale"])


@dataclass(frozen=True, eq=False)
class LagDetector(WellDetector):
    """Fitted Lag.

    Args:
        spec: correlation window.
        predictor: of each curve from the others.
        scale: float32[channel, 1], 99th percentile of each curve's scores on training wells.
        out_of_fold_predictors: fitted without each training section; not stored with the detector.
    """

    spec: Lag
    predictor: RidgeFromOtherCurves
    scale: NDArray[np.float32]
    out_of_fold_predictors: tuple[RidgeFromOtherCurves, ...] = field(default=(), repr=False)

    @property
    def out_of_fold(self) -> tuple[LagDetector, ...]:
        """For each training section a detector whose predictor was fitted without it."""
        return tuple(LagDetector(self.spec, predictor, self.scale) for predictor in self.out_of_fold_predictors)

    @override
    def evaluate_features(self, features: WellFeatures) -> Evaluation:
        """Return the evidence of a depth shift, in units of the training scale, and that of the worst curve."""
        section = features.section
        correlation = features.lagged_correlations(self.predictor, (self.spec.window,))[0]
        gain = np.maximum(correlation.best_lag - np.maximum(correlation.zero_lag, 0), 0)
        better = np.maximum(correlation.best_lag, 0) * gain
        found = better + np.log1p(np.maximum(features.shift_evidence(self.predictor).gain, 0))
        scores = np.where(section.mask, found / self.scale, np.nan).astype(np.float32)
        worst = np.where(section.mask, np.nan_to_num(scores), 0).max(axis=0)
        return Evaluation(scores, fault_scores=FaultScores(("depth_shift",), worst[None].astype(np.float32)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {**self.predictor.arrays(), "scale": self.scale}
