"""Bad hole without the caliper: the tools that must touch the wall read mud, all of them in its direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray, Kind, Section
from aemodels.detect.base import DetectContext, Detector, Reasons, part, parted, row_scores
from aemodels.detect.cross_curve.boosted_predictor import BoostedPredictor, BoostingSpec, fit_boosted, restore_boosted
from aemodels.detect.cross_curve.linear_predictor import REACH
from aemodels.detect.cross_curve.residual import roughness, running_mean

# Where mud takes each of the porosity logs, and what tells of the rock behind it. Density is not predicted from neutron
# nor neutron from density: both are spoilt at once. Slowness, the least spoilt of the three, helps with either.
TOWARDS_MUD = {"RHOB": -1.0, "NPHI": 1.0, "DTC": 1.0}
TOLD_BY = {"RHOB": ("GR", "DTC", "RDEP"), "NPHI": ("GR", "DTC", "RDEP"), "DTC": ("GR", "RDEP")}


class BadHole(Spec):
    """How far density, neutron and sonic lie towards mud from what the other curves say of the rock.

    Density below its prediction, neutron and sonic above theirs, added up in normalised units over some metres, less
    the well's own median: what a well is off throughout is its geology. Roughness of the density adds a little.

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 12-13 (standoff);
        Friedman, J. H. (2001), Annals of Statistics 29, 1189 (boosted trees).
    """

    records: ClassVar[Kind] = "logs"

    kind: Literal["bad_hole"] = "bad_hole"
    smooth: int = Field(default=151, ge=1, le=1001, description="samples over which the residuals are averaged")
    rough: float = Field(
        default=0.05,
        ge=0.0,
        le=10.0,
        description="what a tenfold roughness of the density adds, normalised units: a torn wall reads roughly",
    )
    speaks_for: str | None = Field(default="washout", description="the fault kind that it is evidence of, if any")
    boosting: BoostingSpec = Field(default=BoostingSpec(), description="size of the boosted trees")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit a predictor of each porosity log.

        Raises:
            SpecError: for seismic, or if the experiment has no bulk density.
        """
        curves = tuple(getattr(context.normaliser, "curves", ()))
        if context.kind != "logs" or "RHOB" not in curves:
            given = ", ".join(curves) if context.kind == "logs" else f"{context.kind} recordings"
            raise SpecError(f"bad_hole judges the bulk density RHOB of a well; it was given {given or 'no curve'}")
        predictors = []
        for target in (name for name in TOWARDS_MUD if name in curves):
            others = [curves.index(name) for name in TOLD_BY[target] if name in curves]
            if others:
                rows = np.array([curves.index(target), *others], dtype=np.int64)
                predictors.append((TOWARDS_MUD[target], fit_boosted(train, rows, self.boosting, context.seed)))
        return BadHoleDetector(self, tuple(predictors), curves.index("RHOB"))

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        predictors = []
        for number, sign in enumerate(arrays["signs"]):
            predictors.append((float(sign), restore_boosted(part(arrays, f"log_{number}"))))
        return BadHoleDetector(self, tuple(predictors), int(arrays["density"][0]))


@dataclass(frozen=True, eq=False)
class BadHoleDetector:
    """Fitted BadHole.

    Args:
        spec: how residuals are averaged.
        predictors: the sign that leads towards mud, and the predictor, of each porosity log.
        density: row of the bulk density.
    """

    spec: BadHole
    predictors: tuple[tuple[float, BoostedPredictor], ...]
    density: int

    def score(self, section: Section) -> FloatArray:
        """Normalised units towards mud at the density's row, never negative; 0 at the other curves."""
        seen = section.mask[self.density]
        if not seen.any():
            return np.where(section.mask, 0.0, np.nan).astype(np.float32)
        total = self.spec.rough * roughness(section)[self.density]
        for sign, predictor in self.predictors:
            total = total + sign * self._residual(section, predictor)
        out = np.zeros(section.values.shape, dtype=np.float32)
        # a rank is all that counts: the middle of the well is 1, so that no score is negative
        out[self.density] = np.exp(np.clip(total - np.median(total[seen]), -5, 5))
        return np.where(section.mask, out, np.nan).astype(np.float32)

    def reasons(self, section: Section) -> Reasons:
        """The score, for washout."""
        if self.spec.speaks_for is None:
            return Reasons((), np.zeros((0, section.values.shape[1]), dtype=np.float32))
        return Reasons((self.spec.speaks_for,), row_scores(self.score(section), "logs")[None])

    def arrays(self) -> dict[str, NDArray[Any]]:
        out: dict[str, NDArray[Any]] = {
            "signs": np.array([sign for sign, _ in self.predictors]),
            "density": np.array([self.density]),
        }
        for number, (_, predictor) in enumerate(self.predictors):
            out |= parted(f"log_{number}", predictor.arrays())
        return out

    def _residual(self, section: Section, predictor: BoostedPredictor) -> FloatArray:
        """Running mean of curve less prediction where all the curves are observed; 0 where none is near."""
        target = predictor.rows[0]
        off = np.clip(section.values[target], *REACH) - predictor.predict(section)[target]
        whole: BoolArray = np.asarray(section.mask[predictor.rows].all(axis=0, keepdims=True))
        return np.asarray(running_mean(off[None], whole, self.spec.smooth)[0])
