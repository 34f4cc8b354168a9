"""Depth shifts found interval by interval: where one may have begun, how far it reaches, how likely it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.detect.base import DetectContext, Detector, Reasons
from aemodels.detect.cross_curve.linear_predictor import CrossPredictor
from aemodels.detect.cross_curve.tree_arrays import Trees, flatten
from aemodels.detect.depth_shift.candidates import EVIDENCE, Candidates, candidates
from aemodels.detect.depth_shift.step_predictor import StepPredictor, fit_step_predictors
from aemodels.faults.base import FaultBase, kind_of
from aemodels.faults.inject import Injection, inject

SHIFT = "depth_shift"
_OVERLAP = 0.4  # of candidate and event (common part of both together) from which a candidate is right
_NONE = -12.0  # log-odds where no candidate is


class ShiftSearch(Spec):
    """How likely each curve is to be off depth.

    Every stretch that is read twice may begin or end an interval of another depth reference; a change point tells how
    far it would reach, and boosted trees how much to believe of it, learned from depth shifts injected into training
    wells. Where there are none to learn from, the gain in likelihood is all that counts.

    References:
        Zangwill, J. (1982), Depth matching: a computerized approach, SPWLA 23rd Symposium, paper EE (correlation of
        bed boundaries); Hinkley, D. V. (1970), Biometrika 57, 1 (change points by maximum likelihood); Friedman, J. H.
        (2001), Annals of Statistics 29, 1189 (boosted trees).
    """

    records: ClassVar[Kind] = "logs"
    learns_faults: ClassVar[bool] = True

    kind: Literal["shift_search"] = "shift_search"
    copies: int = Field(default=5, ge=1, le=100, description="copies of each training well with shifts injected")
    fraction: float = Field(default=0.2, gt=0.0, le=0.9, description="share of a copy's samples that is shifted")
    trees: int = Field(default=150, ge=1, le=2000, description="trees")
    depth: int = Field(default=2, ge=1, le=8, description="levels of a tree")
    rate: float = Field(default=0.08, gt=0.0, le=1.0, description="share of each tree's advice that is taken")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        if context.kind != "logs":
            raise SpecError(f"shift_search compares curves of a well; it cannot judge {context.kind} recordings")
        every, without = fit_step_predictors(train)
        tables, right = [], []
        for injection, section, predictor in self._copies(context, without):
            found = candidates(section, predictor.predict(section))
            tables.append(found.evidence)
            right.append(_overlap(found, injection, context) > _OVERLAP)
        return ShiftSearchDetector(self, every, self._judge(tables, right, context.seed))

    def _copies(
        self, context: DetectContext, predictors: Sequence[StepPredictor]
    ) -> Iterator[tuple[Injection, Section, StepPredictor]]:
        """Training wells with shifts, each with the predictor of the other wells."""
        if context.normaliser is None:
            return
        faults = [fault for fault in context.faults if kind_of(fault) == SHIFT]
        rng = np.random.default_rng((context.seed, 11))
        for recording, predictor in zip(context.recordings, predictors, strict=False):
            usable: list[FaultBase] = [fault for fault in faults if fault.targets(recording)]
            for _ in range(self.copies if usable else 0):
                injection = inject(recording, usable, fraction=self.fraction, rng=rng)
                yield injection, context.normaliser.apply(injection.recording), predictor

    def _judge(self, tables: Sequence[FloatArray], right: Sequence[NDArray[np.bool_]], seed: int) -> Trees:
        from sklearn.ensemble import GradientBoostingClassifier

        truth = np.concatenate(right) if right else np.zeros(0, dtype=np.bool_)
        if truth.all() or not truth.any():
            return Trees.constant(np.nan)
        model = GradientBoostingClassifier(
            n_estimators=self.trees,
            max_depth=self.depth,
            learning_rate=self.rate,
            subsample=0.5,
            min_samples_leaf=10,
            random_state=seed % 2**32,
        )
        return flatten(model.fit(np.concatenate(tables), truth))

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        predictor = StepPredictor(CrossPredictor.restore(arrays))
        return ShiftSearchDetector(self, predictor, Trees.restore(arrays))


@dataclass(frozen=True, eq=False)
class ShiftSearchDetector:
    """Fitted ShiftSearch; trees that start at NaN were never fitted."""

    spec: ShiftSearch
    predictor: StepPredictor
    judge: Trees

    def score(self, section: Section) -> FloatArray:
        """log(1 + odds) of the likeliest shift at each sample of each curve."""
        return np.where(section.mask, np.logaddexp(0, self._odds(section)), np.nan).astype(np.float32)

    def reasons(self, section: Section) -> Reasons:
        """Log-odds on the curve that is likeliest to be off depth."""
        worst = np.where(section.mask, self._odds(section), _NONE).max(axis=0)
        return Reasons((SHIFT,), worst[None].astype(np.float32))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**self.predictor.arrays(), **self.judge.arrays()}

    def _odds(self, section: Section) -> FloatArray:
        found = candidates(section, self.predictor.predict(section))
        if np.isnan(self.judge.start):
            odds = found.evidence[:, EVIDENCE.index("gain")]
        else:
            odds = self.judge.of(found.evidence)
        return found.spread(odds, section.values.shape, _NONE)


def _overlap(found: Candidates, injection: Injection, context: DetectContext) -> FloatArray:
    """Common part of each candidate and the event on the same curve that it meets best, of both together."""
    curves = getattr(context.normaliser, "curves", ())
    out = np.zeros(len(found.rows), dtype=np.float32)
    for event in injection.events:
        for name in set(event.channels) & set(curves):
            common = np.minimum(event.stop, found.places[:, 1]) - np.maximum(event.start, found.places[:, 0])
            whole = np.maximum(event.stop, found.places[:, 1]) - np.minimum(event.start, found.places[:, 0])
            here = found.rows == curves.index(name)
            np.maximum(out, np.where(here & (common > 0), common / np.maximum(whole, 1), 0), out=out)
    return out
