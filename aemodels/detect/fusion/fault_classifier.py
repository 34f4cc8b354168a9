"""Which fault it is, from what several detectors say of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.detect.base import Reasons
from aemodels.detect.fusion.calibration_set import Known

_REACH = 12.0  # evidence is limited, so that none drowns the others
_ROWS = 60_000


@dataclass(frozen=True, eq=False)
class Reasoner:
    """A multinomial regression on everything that the members say.

    Args:
        kinds: the classes.
        weights: float64[kind, evidence + 1], a constant last; empty = the members' own scores are taken as they are.
        middle: float64[2, evidence], mean and spread of the evidence where it was fitted.
    """

    kinds: tuple[str, ...]
    weights: NDArray[np.float64]
    middle: NDArray[np.float64]

    def of(self, reasons: Sequence[Reasons]) -> Reasons:
        """Log-probability of each kind at each row; of unfitted members, the first one's own scores.

        Args:
            reasons: of at least one member.
        """
        if not self.weights.size:
            return reasons[0]
        table = (evidence_table(reasons) - self.middle[0]) / self.middle[1]
        odds = table @ self.weights[:, :-1].T + self.weights[:, -1]
        odds -= np.logaddexp.reduce(odds, axis=1, keepdims=True)
        return Reasons(self.kinds, np.ascontiguousarray(odds.T, dtype=np.float32))

    def arrays(self) -> dict[str, NDArray[Any]]:
        names = np.frombuffer("\n".join(self.kinds).encode(), dtype=np.uint8)
        return {"kinds": names, "weights": self.weights, "middle": self.middle}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> Reasoner:
        """The inverse of arrays."""
        text = arrays["kinds"].astype(np.uint8).tobytes().decode()
        return cls(tuple(text.split("\n")) if text else (), arrays["weights"], arrays["middle"])


def evidence_table(reasons: Sequence[Reasons]) -> NDArray[np.float64]:
    """float64[row, evidence]: the scores of all members for all their kinds, limited, 0 where unknown."""
    joined = np.concatenate([item.score for item in reasons]).T
    return np.asarray(np.clip(np.nan_to_num(joined, nan=0.0), -_REACH, _REACH), dtype=np.float64)


def fit_reasoner(said: Iterable[tuple[Known, Sequence[Reasons]]], kinds: Sequence[str]) -> Reasoner:
    """Learn from the faulty rows of copies whose faults are known, each kind counting alike.

    Args:
        said: each copy, and the reasons of the members for it.
        kinds: names of the faults, in the order of their numbers.
    """
    from sklearn.linear_model import LogisticRegression

    tables, classes = [], []
    for copy, reasons in said:
        if reasons:
            faulty = copy.kinds >= 0
            tables.append(evidence_table(reasons)[faulty])
            classes.append(copy.kinds[faulty])
    truth = np.concatenate(classes) if classes else np.zeros(0, dtype=np.int64)
    if len(np.unique(truth)) < 2:
        return Reasoner(tuple(kinds), np.zeros((0, 0)), np.zeros((2, 0)))
    table = np.concatenate(tables)
    picked = np.random.default_rng(0).permutation(len(table))[:_ROWS]
    table, truth = table[picked], truth[picked]
    middle = np.stack([table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6)])
    model = LogisticRegression(C=1.0, max_iter=300, class_weight="balanced").fit((table - middle[0]) / middle[1], truth)
    present = tuple(kinds[int(number)] for number in model.classes_)
    return Reasoner(present, _weights(model), middle)


def _weights(model: Any) -> NDArray[np.float64]:
    coefficients, constants = model.coef_, model.intercept_
    if len(coefficients) == 1:  # two classes have one set of weights between them
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        constants = np.concatenate([-constants, constants]) / 2
    return np.column_stack([coefficients, constants]).astype(np.float64)
