"""Bad traces: amplitude, sample distribution, coherence and prediction, combined as p-values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import GatherKind, Section
from aemodels.detect.base import DetectContext, Detector, EvaluatedDetector, Evaluation, FaultScores
from aemodels.detect.traces.amplitude import amplitude_evidence
from aemodels.detect.traces.coherence import coherence_evidence
from aemodels.detect.traces.fault_classifier import (
    TraceFaultClassifier,
    faulty_copies,
    fit_trace_classifier,
    untrained_classifier,
)
from aemodels.detect.traces.kurtosis import kurtosis_evidence
from aemodels.detect.traces.neighbours import Bools, Floats
from aemodels.detect.traces.p_values import TracePValueScale, joined
from aemodels.detect.traces.prediction import prediction_evidence
from aemodels.detect.traces.shapes import TraceShapes
from aemodels.signal.gather_type import MIN_STACK_COHERENCE, lateral_coherence

TraceDetectorPart = Literal["amplitude", "kurtosis", "coherence", "prediction"]
PARTS: tuple[TraceDetectorPart, ...] = ("amplitude", "kurtosis", "coherence", "prediction")
GATHERS: tuple[GatherKind, ...] = ("stacked", "pre-stack")
CERTAIN_SCORE = 50.0  # -log10 p added to the score of a dead trace
# Traces with a -log10 p above this in the first pass are excluded from comparisons: one clean trace in a thousand.
EXCLUDE_SCORE = 3.0
_FIRST_PASS, _ALL_EVIDENCE = "first_pass", "all_evidence"
_EARLIER_PREFIXES = {_FIRST_PASS: "alone", _ALL_EVIDENCE: "fused"}


class TraceEnsemble(Spec):
    """The smallest p-value of several kinds of evidence, calibrated on clean traces of the same type of gather."""

    records: ClassVar[Literal["seismic"]] = "seismic"

    kind: Literal["trace_ensemble"] = "trace_ensemble"
    parts: tuple[TraceDetectorPart, ...] = Field(
        default=PARTS, min_length=1, description="kinds of evidence that are used"
    )
    power_share: float = Field(
        default=1.0,
        gt=0.5,
        le=1.0,
        description="prediction: share of the usual trace's power in the frequencies that are used; 0.999 halves the "
        "time on lines sampled finer than their band needs",
    )

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the p-values per type of gather, and the classifier if there are faults to inject.

        Raises:
            SpecError: for logs.
        """
        if context.kind != self.records:
            raise SpecError(f"trace_ensemble scores seismic traces; the experiment is on {context.kind}")
        sections = {gather: [section for section in train if _gather(section) == gather] for gather in GATHERS}
        first_pass = {gather: _fit_first_pass(found or list(train)) for gather, found in sections.items()}
        scales = {
            gather: TracePValueScale.from_evidence(
                *joined([_evidence(self, section, first_pass[gather]) for section in found or train])
            )
            for gather, found in sections.items()
        }
        untrained = untrained_classifier(len(next(iter(scales.values())).start))
        ensemble = TraceEnsembleDetector(self, first_pass, scales, untrained)
        if not context.faults or context.normaliser is None:
            return ensemble
        copies = faulty_copies(context)
        p_values = [ensemble.p_values(context.normaliser.apply(recording)) for recording, _ in copies]
        classifier = fit_trace_classifier(p_values, [rows for _, rows in copies])
        return TraceEnsembleDetector(self, first_pass, scales, classifier)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        first_pass = {gather: _restore_scale(arrays, gather, _FIRST_PASS) for gather in GATHERS}
        scales = {gather: _restore_scale(arrays, gather, _ALL_EVIDENCE) for gather in GATHERS}
        return TraceEnsembleDetector(self, first_pass, scales, TraceFaultClassifier.restore(arrays))


@dataclass(frozen=True, eq=False)
class TraceEnsembleDetector(EvaluatedDetector):
    """Fitted TraceEnsemble.

    Args:
        spec: the kinds of evidence.
        first_pass: p-value scale of the evidence from which outliers are excluded, by type of gather.
        scales: p-value scale of all evidence, with excluded traces left out of the comparisons, by type of gather.
        classifier: of the fault kind.
    """

    spec: TraceEnsemble
    first_pass: dict[GatherKind, TracePValueScale]
    scales: dict[GatherKind, TracePValueScale]
    classifier: TraceFaultClassifier

    def p_values(self, section: Section) -> Floats:
        """Return -log10 p of each evidence: float64[evidence, trace]."""
        gather = _gather(section)
        evidence = _evidence(self.spec, section, self.first_pass[gather])
        return self.scales[gather].transform(joined([evidence])[1])

    @override
    def evaluate(self, section: Section) -> Evaluation:
        """Return the highest -log10 p of all evidence, and the log-odds of each fault kind.

        CERTAIN_SCORE is added for a dead trace, and is the log-odds of its kind.
        """
        p_values, dead = self.p_values(section), _dead(section)
        highest = p_values.max(axis=0)
        scores = np.where(dead, CERTAIN_SCORE + highest, highest)
        scores = np.where(section.mask.any(axis=1), scores, np.nan).astype(np.float32)[:, None]
        return Evaluation(scores, fault_scores=self._kinds(p_values, dead))

    def _kinds(self, p_values: Floats, dead: Bools) -> FaultScores:
        found = self.classifier.predict(p_values)
        if "dead" not in found.kinds:
            return found
        log_odds = found.score.copy()
        log_odds[found.kinds.index("dead")] = np.where(dead, CERTAIN_SCORE, -CERTAIN_SCORE)
        return FaultScores(found.kinds, log_odds)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        out: dict[str, NDArray[Any]] = dict(self.classifier.arrays())
        for gather in GATHERS:
            out |= self.first_pass[gather].arrays(f"{gather}_{_FIRST_PASS}_")
            out |= self.scales[gather].arrays(f"{gather}_{_ALL_EVIDENCE}_")
        return out


def _restore_scale(arrays: dict[str, NDArray[Any]], gather: GatherKind, name: str) -> TracePValueScale:
    """Return a stored scale, whether stored under its present or its earlier name."""
    prefix = f"{gather}_{name}_"
    stored = any(key.startswith(prefix) for key in arrays)
    return TracePValueScale.restore(arrays, prefix if stored else f"{gather}_{_EARLIER_PREFIXES[name]}_")


def _gather(section: Section) -> GatherKind:
    if section.gather in GATHERS:
        return section.gather
    coherence = lateral_coherence(section.values)
    return "pre-stack" if coherence < MIN_STACK_COHERENCE else "stacked"  # a lone trace (NaN) counts as stacked


def _shapes(section: Section) -> TraceShapes:
    return TraceShapes(section.values)


def _dead(section: Section) -> Bools:
    return np.asarray((section.values == 0).all(axis=1) | ~section.mask.any(axis=1))


def _first_pass_evidence(shapes: TraceShapes, bad: Bools) -> dict[str, Floats]:
    """Return the evidence that is cheap to compute and needs no prediction."""
    return amplitude_evidence(shapes, bad) | kurtosis_evidence(shapes, bad)


def _fit_first_pass(sections: Sequence[Section]) -> TracePValueScale:
    evidence = [_first_pass_evidence(_shapes(section), _dead(section)) for section in sections]
    return TracePValueScale.from_evidence(*joined(evidence))


def _evidence(spec: TraceEnsemble, section: Section, first_pass: TracePValueScale) -> dict[str, Floats]:
    """Return the evidence of all parts, with dead traces and outliers of the first pass left out of the comparisons."""
    parts = spec.parts
    shapes, dead = _shapes(section), _dead(section)
    outliers = first_pass.transform(joined([_first_pass_evidence(shapes, dead)])[1]).max(axis=0) > EXCLUDE_SCORE
    bad = dead | outliers
    evidence: dict[str, Floats] = {"dead": dead.astype(np.float64)}
    if "amplitude" in parts:
        evidence |= amplitude_evidence(shapes, bad)
    if "kurtosis" in parts:
        evidence |= kurtosis_evidence(shapes, bad)
    if "coherence" in parts:
        evidence |= coherence_evidence(shapes.values, bad, _gather(section))
    if "prediction" in parts:
        evidence |= prediction_evidence(shapes, bad, spec.power_share)
    return evidence
