"""Fault classifier for traces: a multinomial logistic regression on p-values, fitted to injected faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import Recording
from aemodels.detect.base import DetectContext, FaultScores
from aemodels.detect.traces.neighbours import Floats
from aemodels.faults import inject
from aemodels.faults.base import FaultBase

COPIES = 6  # of each training line
FRACTION = 0.15
MIN_EXAMPLES = 3  # of a kind


@dataclass(frozen=True, eq=False)
class TraceFaultClassifier:
    """Fitted classifier.

    Args:
        kinds: the classes; empty = not fitted.
        weights: float64[kind, evidence].
        offsets: float64[kind], intercepts.
    """

    kinds: tuple[str, ...]
    weights: Floats
    offsets: Floats

    def predict(self, p_values: Floats) -> FaultScores:
        """Return the log-odds of each kind per trace.

        Args:
            p_values: -log10 p, float64[evidence, trace].
        """
        log_odds = self.weights @ features(p_values) + self.offsets[:, None]
        return FaultScores(self.kinds, log_odds.astype(np.float32))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays; kinds as bytes."""
        text = np.frombuffer(" ".join(self.kinds).encode(), dtype=np.uint8)
        return {"reason_kinds": text, "reason_weights": self.weights, "reason_offsets": self.offsets}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> TraceFaultClassifier:
        """Rebuild a classifier from its arrays."""
        kinds = tuple(bytes(arrays["reason_kinds"].astype(np.uint8)).decode().split())
        return cls(kinds, arrays["reason_weights"], arrays["reason_offsets"])


def features(p_values: Floats) -> Floats:
    """Return the logarithm of 1 - log10 p, so that one very small p-value does not dominate the others."""
    return np.asarray(np.log1p(np.maximum(p_values, 0.0)))


def untrained_classifier(evidence: int) -> TraceFaultClassifier:
    """Return a classifier without kinds."""
    return TraceFaultClassifier((), np.zeros((0, evidence)), np.zeros(0))


def faulty_copies(context: DetectContext) -> list[tuple[Recording, dict[str, list[int]]]]:
    """Return copies of the training lines with injected faults, and the faulty traces by kind."""
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


def fit_trace_classifier(p_values: Sequence[Floats], rows: Sequence[dict[str, list[int]]]) -> TraceFaultClassifier:
    """Fit to the faulty traces of training copies.

    Args:
        p_values: -log10 p, float64[evidence, trace], of each copy.
        rows: kind → faulty traces of each copy.
    """
    from sklearn.linear_model import LogisticRegression

    columns, labels = [], []
    for values, kinds in zip(p_values, rows, strict=True):
        for kind, traces in kinds.items():
            columns.append(features(values[:, traces]))
            labels += [kind] * len(traces)
    counts = {kind: labels.count(kind) for kind in set(labels)}
    kept = np.array([counts[label] >= MIN_EXAMPLES for label in labels], dtype=bool)
    if len({label for label, keep in zip(labels, kept, strict=True) if keep}) < 2:
        return untrained_classifier(len(p_values[0]) if p_values else 0)
    model = LogisticRegression(C=10.0, max_iter=500, class_weight="balanced")
    model.fit(np.concatenate(columns, axis=1).T[kept], np.array(labels)[kept])
    weights, offsets = np.asarray(model.coef_), np.asarray(model.intercept_)
    if len(weights) == 1:  # for two kinds scikit-learn keeps one set of weights, of the second against the first
        weights, offsets = np.concatenate([-weights, weights]) / 2, np.concatenate([-offsets, offsets]) / 2
    return TraceFaultClassifier(tuple(str(kind) for kind in model.classes_), weights, offsets)
