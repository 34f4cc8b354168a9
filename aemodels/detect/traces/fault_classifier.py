"""Which fault a trace has, told from what is unusual about it: a multinomial regression on injected faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import Recording
from aemodels.detect.base import DetectContext, Reasons
from aemodels.detect.traces.neighbours import Floats
from aemodels.faults import inject
from aemodels.faults.base import FaultBase

COPIES = 6  # of every training line
FRACTION = 0.15
FEWEST = 3  # examples of a kind


@dataclass(frozen=True, eq=False)
class TraceReasons:
    """Fitted: kinds, and float64 weights [kind, feature] and offsets [kind]; no kinds where none was there to learn."""

    kinds: tuple[str, ...]
    weights: Floats
    offsets: Floats

    def __call__(self, surprises: Floats) -> Reasons:
        """Log odds of every kind: float32[kind, trace].

        Args:
            surprises: float64[evidence, trace], 0 = usual.
        """
        odds = self.weights @ features(surprises) + self.offsets[:, None]
        return Reasons(self.kinds, odds.astype(np.float32))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All numbers by name; kinds as code points."""
        text = np.frombuffer(" ".join(self.kinds).encode(), dtype=np.uint8)
        return {"reason_kinds": text, "reason_weights": self.weights, "reason_offsets": self.offsets}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> TraceReasons:
        """The inverse of `arrays`."""
        kinds = tuple(bytes(arrays["reason_kinds"].astype(np.uint8)).decode().split())
        return cls(kinds, arrays["reason_weights"], arrays["reason_offsets"])


def features(surprises: Floats) -> Floats:
    """What the regression sees: saturating, so that one huge evidence does not drown the others."""
    return np.asarray(np.log1p(np.maximum(surprises, 0.0)))


def no_reasons(evidence: int) -> TraceReasons:
    """What knows no kind."""
    return TraceReasons((), np.zeros((0, evidence)), np.zeros(0))


def faulty_copies(context: DetectContext) -> list[tuple[Recording, dict[str, list[int]]]]:
    """Training lines with the context's faults, and the traces of each kind."""
    copies = []
    for number, recording in enumerate(context.recordings):
        faults: Sequence[FaultBase] = [fault for fault in context.faults if fault.targets(recording)]
        for copy in range(COPIES if faults else 0):
            rng = np.random.default_rng([context.seed, 5, number, copy])
            injection = inject(recording, faults, fraction=FRACTION, rng=rng)
            rows: dict[str, list[int]] = {}
            for event in injection.events:
                rows.setdefault(event.kind, []).extend(recording.names.index(name) for name in event.channels)
            copies.append((injection.recording, rows))
    return copies


def learn_reasons(surprises: Sequence[Floats], rows: Sequence[dict[str, list[int]]]) -> TraceReasons:
    """Fit to the faulty traces of training copies.

    Args:
        surprises: float64[evidence, trace] of each copy.
        rows: kind → traces of each copy.
    """
    from sklearn.linear_model import LogisticRegression

    columns, labels = [], []
    for values, kinds in zip(surprises, rows, strict=True):
        for kind, places in kinds.items():
            columns.append(features(values[:, places]))
            labels += [kind] * len(places)
    counts = {kind: labels.count(kind) for kind in set(labels)}
    kept = np.array([counts[label] >= FEWEST for label in labels], dtype=bool)
    if len({label for label, keep in zip(labels, kept, strict=True) if keep}) < 2:
        return no_reasons(len(surprises[0]) if surprises else 0)
    model = LogisticRegression(C=10.0, max_iter=500, class_weight="balanced")
    model.fit(np.concatenate(columns, axis=1).T[kept], np.array(labels)[kept])
    weights, offsets = np.asarray(model.coef_), np.asarray(model.intercept_)
    if len(weights) == 1:  # two kinds: one set of weights speaks for the second and against the first
        weights, offsets = np.concatenate([-weights, weights]) / 2, np.concatenate([-offsets, offsets]) / 2
    return TraceReasons(tuple(str(kind) for kind in model.classes_), weights, offsets)
