"""p-values of several detectors into one score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aemodels.detect.base import row_scores
from aemodels.detect.evidence import Known
from aemodels.types import BoolArray, FloatArray, IntArray, Kind

Combiner: TypeAlias = Literal["sum", "max", "learned", "best"]
_WAYS: tuple[Literal["sum", "max", "learned"], ...] = ("sum", "max", "learned")
_LIMIT = 8.0  # decades: more than that of one detector says no more than that it is certain
Floats: TypeAlias = NDArray[np.float64]
_RIDGE = 1e-4
_ROWS = 200_000  # samples a regression is fitted on at most


@dataclass(frozen=True, eq=False)
class Combination:
    """A score from the surprise of each stream, in decades.

    Args:
        way: how.
        weights: float64[2 * stream + 1], of each stream's surprise at the curve itself, of its highest among the
            curves of the depth, and a constant; only for "learned".
    """

    way: Literal["sum", "max", "learned"]
    weights: NDArray[np.float64]

    def of(self, surprise: FloatArray) -> FloatArray:
        """float32[channel, sample] from float32[stream, channel, sample]; positive, higher = more anomalous."""
        if self.way == "sum":
            return np.asarray(surprise.sum(axis=0), dtype=np.float32)
        if self.way == "max":
            return np.asarray(surprise.max(axis=0), dtype=np.float32)
        odds = np.tensordot(self.weights[:-1], _table(surprise), axes=(0, 0)) + self.weights[-1]
        return np.asarray(np.logaddexp(0, odds), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"way": np.array([_WAYS.index(self.way)]), "weights": self.weights}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> Combination:
        """The inverse of arrays."""
        return cls(_WAYS[int(arrays["way"][0])], arrays["weights"])


def fit_combination(
    combiner: Combiner, said: Sequence[Sequence[FloatArray]], known: Sequence[Sequence[Known]], *, kind: Kind
) -> Combination:
    """Fit, and choose where it is asked for.

    Args:
        combiner: the way, or "best".
        said: float32[stream, channel, sample] of each copy of each recording.
        known: the truth of the same copies.
        kind: logs or seismic.
    """
    nothing = np.zeros(0)
    if combiner in ("sum", "max"):
        return Combination("sum" if combiner == "sum" else "max", nothing)
    pairs = [list(zip(first, second, strict=True)) for first, second in zip(said, known, strict=True)]
    everything = [pair for copies in pairs for pair in copies]
    if not everything:
        return Combination("sum", nothing)
    learned = Combination("learned", _regression(everything))
    if combiner == "learned" or len(pairs) < 2:
        return learned
    found = {"sum": 0.0, "max": 0.0, "learned": 0.0}
    for number, held_out in enumerate(pairs):
        others = [pair for place, copies in enumerate(pairs) if place != number for pair in copies]
        for candidate in (Combination("sum", nothing), Combination("max", nothing)):
            found[candidate.way] += _precision(candidate, held_out, kind)
        found["learned"] += _precision(Combination("learned", _regression(others)), held_out, kind)
    best = max(_WAYS, key=found.__getitem__)
    return learned if best == "learned" else Combination(best, nothing)


def _regression(pairs: Sequence[tuple[FloatArray, Known]]) -> Floats:
    """Weights of a logistic regression: is this curve altered at this depth?

    No weight is negative: what surprises one detector never speaks against a fault. Every kind counts alike, however
    few samples its events have.
    """
    tables, labels, kinds = [], [], []
    for surprise, truth in pairs:
        seen = truth.told
        tables.append(_table(surprise)[:, seen].T)
        labels.append(truth.label[seen])
        along = truth.kinds[None, :] if truth.label.shape[1] > 1 else truth.kinds[:, None]
        kinds.append(np.broadcast_to(along, truth.label.shape)[seen])
    table, label = np.concatenate(tables), np.concatenate(labels)
    picked = np.random.default_rng(0).permutation(len(table))[:_ROWS]
    return _fit_weights(table[picked], label[picked], np.concatenate(kinds)[picked])


def _fit_weights(table: Floats, label: BoolArray, kinds: IntArray) -> Floats:
    """Non-negative weights and a constant that minimise the logistic loss, with a little ridge: float64[column + 1]."""
    from scipy.optimize import minimize

    weight = np.ones(len(table))
    present, counts = np.unique(kinds[label], return_counts=True)
    for kind, count in zip(present, counts, strict=True):
        weight[label & (kinds == kind)] = label.sum() / (present.size * count)
    truth, weight = label.astype(np.float64), weight / weight.sum()

    def loss(values: Floats) -> tuple[float, Floats]:
        odds = table @ values[:-1] + values[-1]
        slope = weight * (1 / (1 + np.exp(-np.clip(odds, -50, 50))) - truth)
        value = float(weight @ (np.logaddexp(0, odds) - truth * odds)) + _RIDGE * float(values[:-1] @ values[:-1])
        return value, np.append(table.T @ slope + 2 * _RIDGE * values[:-1], slope.sum())

    start = np.append(np.full(table.shape[1], 0.1), -3.0)
    bounds = [(0.0, None)] * table.shape[1] + [(None, None)]
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x, dtype=np.float64)


def _table(surprise: FloatArray) -> NDArray[np.float64]:
    """float64[2 * stream, channel, sample]: of the curve, and the highest at the depth; limited."""
    held = np.minimum(surprise, _LIMIT).astype(np.float64)
    highest = held.max(axis=1, keepdims=True) if surprise.shape[2] > 1 else held
    return np.concatenate([held, np.broadcast_to(highest, held.shape)])


def _precision(combination: Combination, pairs: Sequence[tuple[FloatArray, Known]], kind: Kind) -> float:
    """Average precision of the row scores of some copies together."""
    from sklearn.metrics import average_precision_score

    rows = [row_scores(np.where(truth.told, combination.of(said), np.nan), kind) for said, truth in pairs]
    labels = [truth.label.any(axis=0 if kind == "logs" else 1) for _, truth in pairs]
    scores, truth = np.concatenate(rows), np.concatenate(labels)
    known = np.isfinite(scores)
    return float(average_precision_score(truth[known], scores[known])) if truth[known].any() else 0.0
