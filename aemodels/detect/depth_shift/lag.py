"""Depth shifts: a curve that follows the others better once it is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.detect.base import DetectContext, Detector, Reasons, channel_scale
from aemodels.detect.cross_curve.linear_predictor import CrossPredictor, fit_predictors
from aemodels.detect.depth_shift.candidates import shifts
from aemodels.detect.depth_shift.lagged_correlation import lagged_correlation


class Lag(Spec):
    """How much better a curve follows its prediction by the others when moved.

    Differences are compared, for it is bed boundaries that tell depth; a shift within a uniform bed leaves no trace.
    Added are the sliding correlation when moved, less that in place, and the likelihood that an interval beside a
    repeated stretch gains by being moved back. Scores are in units of the training wells' 99th percentile.

    References:
        Zangwill, J. (1982), Depth matching: a computerized approach, SPWLA 23rd Symposium, paper EE (correlation
        matching of logs).
    """

    records: ClassVar[Kind] = "logs"

    kind: Literal["lag"] = "lag"
    window: int = Field(default=121, ge=9, le=2001, description="samples that are correlated; 121 is 18 m")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        if context.kind != "logs":
            raise SpecError(f"lag compares curves of a well; it cannot judge {context.kind} recordings")
        every, without = fit_predictors(train)
        scale = np.ones((len(train[0].values), 1), dtype=np.float32)
        scores = [LagDetector(self, other, scale).score(section) for section, other in zip(train, without, strict=True)]
        return LagDetector(self, every, channel_scale(scores, context.kind), tuple(without))

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        return LagDetector(self, CrossPredictor.restore(arrays), arrays["scale"])


@dataclass(frozen=True, eq=False)
class LagDetector:
    """Fitted Lag; `without` has the predictors fitted without each training section, and is not kept with it."""

    spec: Lag
    predictor: CrossPredictor
    scale: NDArray[np.float32]
    without: tuple[CrossPredictor, ...] = field(default=(), repr=False)

    @property
    def apart(self) -> tuple[LagDetector, ...]:
        return tuple(LagDetector(self.spec, predictor, self.scale) for predictor in self.without)

    def score(self, section: Section) -> FloatArray:
        predicted = self.predictor.predict(section)
        lagged = lagged_correlation(section, predicted, self.spec.window)
        better = np.maximum(lagged.far, 0) * np.maximum(lagged.far - np.maximum(lagged.near, 0), 0)
        moved = shifts(section, predicted)
        found = better + np.log1p(np.maximum(moved.gain, 0))
        return np.where(section.mask, found / self.scale, np.nan).astype(np.float32)

    def reasons(self, section: Section) -> Reasons:
        worst = np.where(section.mask, np.nan_to_num(self.score(section)), 0).max(axis=0)
        return Reasons(("depth_shift",), worst[None].astype(np.float32))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**self.predictor.arrays(), "scale": self.scale}
