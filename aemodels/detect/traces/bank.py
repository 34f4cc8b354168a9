"""Bad traces: amplitude, distribution of samples, coherence and prediction, fused by how unusual each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, GatherKind, Section
from aemodels.detect.base import DetectContext, Detector, Reasons
from aemodels.detect.traces.amplitude import amplitude_evidence
from aemodels.detect.traces.coherence import coherence_evidence
from aemodels.detect.traces.fault_classifier import TraceReasons, faulty_copies, learn_reasons, no_reasons
from aemodels.detect.traces.kurtosis import kurtosis_evidence
from aemodels.detect.traces.neighbours import Bools, Floats
from aemodels.detect.traces.p_values import Surprise, joined
from aemodels.detect.traces.prediction import prediction_evidence
from aemodels.signal.gather_type import COHERENT, lateral_coherence

Part = Literal["amplitude", "kurtosis", "coherence", "prediction"]
PARTS: tuple[Part, ...] = ("amplitude", "kurtosis", "coherence", "prediction")
GATHERS: tuple[GatherKind, ...] = ("stacked", "pre-stack")
CERTAIN = 50.0  # of a dead trace, in the unit of surprises
# Traces that surprise by so much at first sight are not what others are compared with: one intact trace in a thousand.
SUSPECT = 3.0


class TraceBank(Spec):
    """The evidence that most surprises, judged against intact traces of the same sort of gather."""

    records: ClassVar[Literal["seismic"]] = "seismic"

    kind: Literal["trace_bank"] = "trace_bank"
    parts: tuple[Part, ...] = Field(default=PARTS, min_length=1, description="what is looked at")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        if context.kind != self.records:
            raise SpecError(f"detector trace_bank judges seismic traces; the experiment is one on {context.kind}")
        known = {gather: [section for section in train if _gather(section) == gather] for gather in GATHERS}
        alone = {kind: _first_sight(found or list(train)) for kind, found in known.items()}
        fused = {
            kind: Surprise.of(*joined([_evidence(self.parts, section, alone[kind]) for section in found or train]))
            for kind, found in known.items()
        }
        bank = TraceBankDetector(self, alone, fused, no_reasons(len(next(iter(fused.values())).start)))
        if not context.faults or context.normaliser is None:
            return bank
        copies = faulty_copies(context)
        surprises = [bank.surprises(context.normaliser.apply(recording)) for recording, _ in copies]
        return TraceBankDetector(self, alone, fused, learn_reasons(surprises, [rows for _, rows in copies]))

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        alone = {kind: Surprise.restore(arrays, f"{kind}_alone_") for kind in GATHERS}
        fused = {kind: Surprise.restore(arrays, f"{kind}_fused_") for kind in GATHERS}
        return TraceBankDetector(self, alone, fused, TraceReasons.restore(arrays))


@dataclass(frozen=True, eq=False)
class TraceBankDetector:
    """Fitted TraceBank.

    Args:
        spec: what it looks at.
        alone: how surprising each trace's own evidence is at first sight, by sort of gather.
        fused: the same for all evidence, with suspects left out of the comparison.
        learnt: which fault it is.
    """

    spec: TraceBank
    alone: dict[GatherKind, Surprise]
    fused: dict[GatherKind, Surprise]
    learnt: TraceReasons

    def surprises(self, section: Section) -> Floats:
        """float64[evidence, trace], -log10 of the share of intact traces with as much."""
        gather = _gather(section)
        evidence = _evidence(self.spec.parts, section, self.alone[gather])
        return self.fused[gather](joined([evidence])[1])

    def score(self, section: Section) -> FloatArray:
        highest = self.surprises(section).max(axis=0)
        scores = np.where(_dead(section), CERTAIN + highest, highest)
        return np.where(section.mask.any(axis=1), scores, np.nan).astype(np.float32)[:, None]

    def reasons(self, section: Section) -> Reasons:
        learnt = self.learnt(self.surprises(section))
        if "dead" not in learnt.kinds:
            return learnt
        odds = learnt.score.copy()
        odds[learnt.kinds.index("dead")] = np.where(_dead(section), CERTAIN, -CERTAIN)  # this much is certain
        return Reasons(learnt.kinds, odds)

    def arrays(self) -> dict[str, NDArray[Any]]:
        out: dict[str, NDArray[Any]] = dict(self.learnt.arrays())
        for kind in GATHERS:
            out |= self.alone[kind].arrays(f"{kind}_alone_") | self.fused[kind].arrays(f"{kind}_fused_")
        return out


def _gather(section: Section) -> GatherKind:
    if section.gather in GATHERS:
        return section.gather
    coherence = lateral_coherence(section.values)
    return "pre-stack" if coherence < COHERENT else "stacked"  # a lone trace (NaN) is its own stack


def _dead(section: Section) -> Bools:
    return np.asarray((section.values == 0).all(axis=1) | ~section.mask.any(axis=1))


def _own(values: Floats, bad: Bools) -> dict[str, Floats]:
    """Evidence that a suspect gives by itself, cheap to get."""
    return amplitude_evidence(values, bad) | kurtosis_evidence(values, bad)


def _first_sight(sections: Sequence[Section]) -> Surprise:
    return Surprise.of(*joined([_own(section.values.astype(np.float64), _dead(section)) for section in sections]))


def _evidence(parts: Sequence[Part], section: Section, alone: Surprise) -> dict[str, Floats]:
    """All that the parts say, with suspects and dead traces left out of the comparisons."""
    values, dead = section.values.astype(np.float64), _dead(section)
    bad = dead | (alone(joined([_own(values, dead)])[1]).max(axis=0) > SUSPECT)
    said: dict[str, Floats] = {"dead": dead.astype(np.float64)}
    if "amplitude" in parts:
        said |= amplitude_evidence(values, bad)
    if "kurtosis" in parts:
        said |= kurtosis_evidence(values, bad)
    if "coherence" in parts:
        said |= coherence_evidence(values, bad, _gather(section))
    if "prediction" in parts:
        said |= prediction_evidence(values, bad)
    return said
