"""Bad hole without a caliper: density, neutron and sonic deviate together towards the readings of mud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray, Kind, Section
from aemodels.detect.base import (
    DetectContext,
    Detector,
    EvaluatedDetector,
    Evaluation,
    of_one_kind,
    prefixed,
    unprefixed,
)
from aemodels.detect.cross_curve.boosted_predictor import BoostedPredictor, BoostingSpec, fit_boosted, restore_boosted
from aemodels.detect.cross_curve.linear_predictor import CLIP_RANGE
from aemodels.detect.cross_curve.residual import roughness, running_mean

# The sign of the deviation of each porosity log towards mud, and the curves that it is predicted from. Density is not
# predicted from neutron nor neutron from density, because both are affected at once; slowness, the least affected of
# the three, is a predictor of either.
TOWARDS_MUD = {"RHOB": -1.0, "NPHI": 1.0, "DTC": 1.0}
PREDICTORS = {"RHOB": ("GR", "DTC", "RDEP"), "NPHI": ("GR", "DTC", "RDEP"), "DTC": ("GR", "RDEP")}


class BadHole(Spec):
    """Deviation of density, neutron and sonic towards mud from their prediction by the other curves.

    Density below its prediction, neutron and sonic above theirs, added up in normalised units, averaged over some
    metres, less the well's median, because a deviation of the whole well is due to geology. The roughness of the
    density is added with a small weight.

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 12-13 (standoff);
        Friedman, J. H. (2001), Annals of Statistics 29, 1189 (boosted trees).
    """

    earlier_names: ClassVar[Mapping[str, str]] = {"rough": "roughness_weight", "speaks_for": "fault_kind"}
    records: ClassVar[Kind] = "logs"

    kind: Literal["bad_hole"] = "bad_hole"
    smooth: int = Field(default=151, ge=1, le=1001, description="samples over which the residuals are averaged")
    roughness_weight: float = Field(
        default=0.05,
        ge=0.0,
        le=10.0,
        description="added to the score per decade of the density's roughness, normalised units; high beside a rugose "
        "borehole wall",
    )
    fault_kind: str | None = Field(default="washout", description="fault kind that the score is evidence of, if any")
    boosting: BoostingSpec = Field(default=BoostingSpec(), description="boosted trees of the predictions")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit a predictor to each porosity log.

        Raises:
            SpecError: for seismic, or if the experiment has no bulk density.
        """
        curves = tuple(getattr(context.normaliser, "curves", ()))
        if context.kind != "logs" or "RHOB" not in curves:
            given = ", ".join(curves) if context.kind == "logs" else f"{context.kind} recordings"
            raise SpecError(f"bad_hole scores the bulk density RHOB of a well; it was given {given or 'no curve'}")
        predictors = []
        for target in (name for name in TOWARDS_MUD if name in curves):
            others = [curves.index(name) for name in PREDICTORS[target] if name in curves]
            if others:
                rows = np.array([curves.index(target), *others], dtype=np.int64)
                predictors.append((TOWARDS_MUD[target], fit_boosted(train, rows, self.boosting, context.seed)))
        return BadHoleDetector(self, tuple(predictors), curves.index("RHOB"))

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        predictors = []
        for number, sign in enumerate(arrays["signs"]):
            predictors.append((float(sign), restore_boosted(unprefixed(arrays, f"log_{number}"))))
        return BadHoleDetector(self, tuple(predictors), int(arrays["density"][0]))


@dataclass(frozen=True, eq=False)
class BadHoleDetector(EvaluatedDetector):
    """Fitted BadHole.

    Args:
        spec: averaging and weights.
        predictors: for each porosity log the sign of a deviation towards mud, and the predictor.
        density: row of the bulk density.
    """

    spec: BadHole
    predictors: tuple[tuple[float, BoostedPredictor], ...]
    density: int

    @override
    def evaluate(self, section: Section) -> Evaluation:
        """Return the deviation towards mud, and the same as evidence of the one fault kind; no kinds if it has none."""
        scores = self._scores(section)
        return Evaluation(scores, fault_scores=of_one_kind(self.spec.fault_kind, scores))

    def _scores(self, section: Section) -> FloatArray:
        """Return exp of the deviation towards mud in the density's row; 0 in the rows of the other curves."""
        observed = section.mask[self.density]
        if not observed.any():
            return np.where(section.mask, 0.0, np.nan).astype(np.float32)
        total = self.spec.roughness_weight * roughness(section)[self.density]
        for sign, predictor in self.predictors:
            total = total + sign * self._residual(section, predictor)
        out = np.zeros(section.values.shape, dtype=np.float32)
        # a monotone transform, so that no score is negative; the median of the well becomes 1
        out[self.density] = np.exp(np.clip(total - np.median(total[observed]), -5, 5))
        return np.where(section.mask, out, np.nan).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        out: dict[str, NDArray[Any]] = {
            "signs": np.array([sign for sign, _ in self.predictors]),
            "density": np.array([self.density]),
        }
        for number, (_, predictor) in enumerate(self.predictors):
            out |= prefixed(f"log_{number}", predictor.arrays())
        return out

    def _residual(self, section: Section, predictor: BoostedPredictor) -> FloatArray:
        """Return the running mean of the residual over samples with all the curves; 0 if there are none nearby."""
        target = predictor.rows[0]
        residual = np.clip(section.values[target], *CLIP_RANGE) - predictor.predict(section)[target]
        complete: BoolArray = np.asarray(section.mask[predictor.rows].all(axis=0, keepdims=True))
        return np.asarray(running_mean(residual[None], complete, self.spec.smooth)[0])
