"""The classifier of a fusion: the fault kind of a row, from the fault scores of several detectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.detect.base import FaultScores
from aemodels.detect.fusion.calibration_set import LabelledSection

_MAX_SCORE = 12.0  # scores are clipped, so that no member dominates the others
_MAX_ROWS = 60_000


@dataclass(frozen=True, eq=False)
class FusionClassifier:
    """A multinomial logistic regression on the fault scores of all members.

    Args:
        kinds: the classes.
        weights: float64[kind, feature + 1], the intercept last; empty = not fitted.
        middle: float64[2, feature], mean and standard deviation of the features in training.
    """

    kinds: tuple[str, ...]
    weights: NDArray[np.float64]
    middle: NDArray[np.float64]

    def predict(self, fault_scores: Sequence[FaultScores]) -> FaultScores:
        """Return the log-probability of each kind at each row; if not fitted, the scores of the first member.

        Args:
            fault_scores: of at least one member.
        """
        if not self.weights.size:
            return fault_scores[0]
        table = (feature_table(fault_scores) - self.middle[0]) / self.middle[1]
        logits = table @ self.weights[:, :-1].T + self.weights[:, -1]
        logits -= np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return FaultScores(self.kinds, np.ascontiguousarray(logits.T, dtype=np.float32))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        names = np.frombuffer("\n".join(self.kinds).encode(), dtype=np.uint8)
        return {"kinds": names, "weights": self.weights, "middle": self.middle}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> FusionClassifier:
        """Rebuild a classifier from its arrays."""
        text = arrays["kinds"].astype(np.uint8).tobytes().decode()
        return cls(tuple(text.split("\n")) if text else (), arrays["weights"], arrays["middle"])


def feature_table(fault_scores: Sequence[FaultScores]) -> NDArray[np.float64]:
    """Return float64[row, feature]: the scores of all members for all their kinds, clipped, 0 if not scored."""
    joined = np.concatenate([item.score for item in fault_scores]).T
    return np.asarray(np.clip(np.nan_to_num(joined, nan=0.0), -_MAX_SCORE, _MAX_SCORE), dtype=np.float64)


def fit_fusion_classifier(
    copies: Iterable[tuple[LabelledSection, Sequence[FaultScores]]], kinds: Sequence[str]
) -> FusionClassifier:
    """Fit to the faulty rows of labelled copies, with balanced classes.

    Args:
        copies: each copy with the members' fault scores.
        kinds: names of the faults, in the order of their numbers.
    """
    from sklearn.linear_model import LogisticRegression

    tables, classes = [], []
    for copy, fault_scores in copies:
        if fault_scores:
            faulty = copy.kinds >= 0
            tables.append(feature_table(fault_scores)[faulty])
            classes.append(copy.kinds[faulty])
    truth = np.concatenate(classes) if classes else np.zeros(0, dtype=np.int64)
    if len(np.unique(truth)) < 2:
        return FusionClassifier(tuple(kinds), np.zeros((0, 0)), np.zeros((2, 0)))
    table = np.concatenate(tables)
    picked = np.random.default_rng(0).permutation(len(table))[:_MAX_ROWS]
    table, truth = table[picked], truth[picked]
    middle = np.stack([table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6)])
    model = LogisticRegression(C=1.0, max_iter=300, class_weight="balanced").fit((table - middle[0]) / middle[1], truth)
    present = tuple(kinds[int(number)] for number in model.classes_)
    return FusionClassifier(present, _weights(model), middle)


def _weights(model: Any) -> NDArray[np.float64]:
    """Return float64[kind, feature + 1] of a fitted regression."""
    coefficients, intercepts = model.coef_, model.intercept_
    if len(coefficients) == 1:  # for two classes scikit-learn keeps one set of weights
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    return np.column_stack([coefficients, intercepts]).astype(np.float64)
