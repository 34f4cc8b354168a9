"""Depth shifts found interval by interval: candidates from repeats and change points, scored by boosted trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.detect.base import DetectContext, Detector, EvaluatedDetector, Evaluation, FaultScores
from aemodels.detect.cross_curve.linear_predictor import RidgeFromOtherCurves
from aemodels.detect.cross_curve.tree_arrays import Trees, flatten
from aemodels.detect.depth_shift.candidates import FEATURES, Candidates, candidates
from aemodels.detect.depth_shift.step_predictor import StepPredictor, fit_step_predictors
from aemodels.faults.base import FaultBase, kind_of
from aemodels.faults.inject import Injection, inject

SHIFT = "depth_shift"
_MIN_OVERLAP = 0.4  # intersection over union of a candidate and an injected event for the candidate to be correct
_NO_CANDIDATE = -12.0  # log-odds of samples in no candidate


class ShiftSearch(Spec):
    """Odds that each curve is depth-shifted.

    Every repeat in a curve may be the top or base of a depth-shifted interval; a change point gives its length, and
    boosted trees its odds, learned from depth shifts injected into training wells. Without injected shifts, the score
    is the gain in log-likelihood alone.

    References:
        Zangwill, J. (1982), Depth matching: a computerized approach, SPWLA 23rd Symposium, paper EE (correlation of
        bed boundaries); Hinkley, D. V. (1970), Biometrika 57, 1 (change points by maximum likelihood); Friedman, J. H.
        (2001), Annals of Statistics 29, 1189 (boosted trees).
    """

    earlier_names: ClassVar[Mapping[str, str]] = {"rate": "learning_rate"}
    records: ClassVar[Kind] = "logs"
    learns_faults: ClassVar[bool] = True

    kind: Literal["shift_search"] = "shift_search"
    copies: int = Field(default=5, ge=1, le=100, description="copies of each training well with injected shifts")
    fraction: float = Field(default=0.2, gt=0.0, le=0.9, description="share of a copy's samples that is shifted")
    trees: int = Field(default=150, ge=1, le=2000, description="number of boosted trees")
    depth: int = Field(default=2, ge=1, le=8, description="maximum depth of a tree")
    learning_rate: float = Field(default=0.08, gt=0.0, le=1.0, description="shrinkage of each tree's contribution")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the step predictor and the trees.

        Raises:
            SpecError: for seismic.
        """
        if context.kind != "logs":
            raise SpecError(f"shift_search compares curves of a well; it cannot score {context.kind} recordings")
        predictor, out_of_fold = fit_step_predictors(train)
        tables, correct = [], []
        for injection, section, other in self._copies(context, out_of_fold):
            found = candidates(section, other.predict(section))
            tables.append(found.features)
            correct.append(_overlap(found, injection, context) > _MIN_OVERLAP)
        return ShiftSearchDetector(self, predictor, self._fit_trees(tables, correct, context.seed))

    def _copies(
        self, context: DetectContext, predictors: Sequence[StepPredictor]
    ) -> Iterator[tuple[Injection, Section, StepPredictor]]:
        """Yield training wells with injected shifts, each with the predictor that was fitted without the well."""
        if context.normaliser is None:
            return
        faults = [fault for fault in context.faults if kind_of(fault) == SHIFT]
        rng = np.random.default_rng((context.seed, 11))
        for recording, predictor in zip(context.recordings, predictors, strict=False):
            usable: list[FaultBase] = [fault for fault in faults if fault.targets(recording)]
            for _ in range(self.copies if usable else 0):
                injection = inject(recording, usable, fraction=self.fraction, rng=rng)
                yield injection, context.normaliser.apply(injection.recording), predictor

    def _fit_trees(self, tables: Sequence[FloatArray], correct: Sequence[NDArray[np.bool_]], seed: int) -> Trees:
        from sklearn.ensemble import GradientBoostingClassifier

        truth = np.concatenate(correct) if correct else np.zeros(0, dtype=np.bool_)
        if truth.all() or not truth.any():
            return Trees.constant(np.nan)
        model = GradientBoostingClassifier(
            n_estimators=self.trees,
            max_depth=self.depth,
            learning_rate=self.learning_rate,
            subsample=0.5,
            min_samples_leaf=10,
            random_state=seed % 2**32,
        )
        return flatten(model.fit(np.concatenate(tables), truth))

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        predictor = StepPredictor(RidgeFromOtherCurves.restore(arrays))
        return ShiftSearchDetector(self, predictor, Trees.restore(arrays))


@dataclass(frozen=True, eq=False)
class ShiftSearchDetector(EvaluatedDetector):
    """Fitted ShiftSearch; trees with a start of NaN are not fitted."""

    spec: ShiftSearch
    predictor: StepPredictor
    trees: Trees

    @override
    def evaluate(self, section: Section) -> Evaluation:
        """Return log(1 + odds) of the likeliest shift on each curve, and the highest log-odds of all curves."""
        log_odds = self._log_odds(section)
        scores = np.where(section.mask, np.logaddexp(0, log_odds), np.nan).astype(np.float32)
        worst = np.where(section.mask, log_odds, _NO_CANDIDATE).max(axis=0)
        return Evaluation(scores, fault_scores=FaultScores((SHIFT,), worst[None].astype(np.float32)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {**self.predictor.arrays(), **self.trees.arrays()}

    def _log_odds(self, section: Section) -> FloatArray:
        found = candidates(section, self.predictor.predict(section))
        if np.isnan(self.trees.start):
            log_odds = found.features[:, FEATURES.index("gain")]
        else:
            log_odds = self.trees.predict(found.features)
        return found.max_per_sample(log_odds, section.values.shape, _NO_CANDIDATE)


def _overlap(found: Candidates, injection: Injection, context: DetectContext) -> FloatArray:
    """Return the highest intersection over union of each candidate with an event on its curve: float32[candidate]."""
    curves = getattr(context.normaliser, "curves", ())
    out = np.zeros(len(found.rows), dtype=np.float32)
    for event in injection.events:
        for name in set(event.channels) & set(curves):
            start, stop = found.intervals.T
            common = np.minimum(event.stop, stop) - np.maximum(event.start, start)
            union = np.maximum(event.stop, stop) - np.minimum(event.start, start)
            same = found.rows == curves.index(name)
            np.maximum(out, np.where(same & (common > 0), common / np.maximum(union, 1), 0), out=out)
    return out
