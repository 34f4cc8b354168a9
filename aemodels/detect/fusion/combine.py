"""p-values of several detectors into one score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray, IntArray, Kind
from aemodels.detect.base import row_scores
from aemodels.detect.fusion.calibration_set import Known

Way: TypeAlias = Literal["sum", "max", "learned"]
Combiner: TypeAlias = Literal["sum", "max", "learned", "best"]
_WAYS: tuple[Way, ...] = ("sum", "max", "learned")
_LIMIT = 8.0  # decades: more than that of one detector says no more than that it is certain
Floats: TypeAlias = NDArray[np.float64]
Pairs: TypeAlias = Sequence[tuple[FloatArray, Known]]
_RIDGE = 1e-4
_ROWS = 150_000  # intact samples that weights are fitted on, about
_RARE = 0.02  # of the samples: how often a kind is thought to occur, so that odds of different kinds compare


@dataclass(frozen=True, eq=False)
class Combination:
    """A score from the surprise of each stream, in decades.

    Args:
        way: how.
        weights: float64[kind, 2 * stream + 1], of each stream's surprise at the curve itself, of its highest among
            the curves of the depth, and a constant, for the odds of each kind; only for "learned".
        believed: int64[believed], places of the streams that count by themselves; only for "learned".
        beyond: decades at which one of them is an even bet.
    """

    way: Way
    weights: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 1)))
    believed: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    beyond: float = 0.0

    def of(self, surprise: FloatArray) -> FloatArray:
        """float32[channel, sample] from float32[stream, channel, sample]; positive, higher = more anomalous."""
        if self.way == "sum":
            return np.asarray(surprise.sum(axis=0), dtype=np.float32)
        if self.way == "max":
            return np.asarray(surprise.max(axis=0), dtype=np.float32)
        odds = np.tensordot(self.weights[:, :-1], _table(surprise), axes=(1, 0)) + self.weights[:, -1:, None]
        if self.believed.size:
            loudest = np.minimum(surprise[self.believed].max(axis=0), _LIMIT).astype(np.float64)
            odds = np.concatenate([odds, np.log(10) * (loudest - self.beyond)[None]])
        return np.asarray(np.logaddexp(0, np.logaddexp.reduce(odds, axis=0)), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        known = {"way": np.array([_WAYS.index(self.way)]), "weights": self.weights}
        return known | {"believed": self.believed, "beyond": np.array([self.beyond])}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> Combination:
        """The inverse of arrays."""
        # older bundles weigh all kinds in one, and believe none by itself
        believed, beyond = arrays.get("believed", np.zeros(0)), arrays.get("beyond", np.zeros(1))
        way, weights = _WAYS[int(arrays["way"][0])], np.atleast_2d(arrays["weights"])
        return cls(way, weights, believed.astype(np.int64), float(beyond[0]))


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
    pairs = [list(zip(first, second, strict=True)) for first, second in zip(said, known, strict=True)]
    everything = [pair for copies in pairs for pair in copies]
    if combiner != "best":
        return _fitted(combiner, everything)
    if len(pairs) < 2:
        return _fitted("learned", everything)
    found = dict.fromkeys(_WAYS, 0.0)
    for number, held_out in enumerate(pairs):
        others = [pair for place, copies in enumerate(pairs) if place != number for pair in copies]
        for way in _WAYS:
            found[way] += _precision(_fitted(way, others), held_out, kind)
    return _fitted(max(_WAYS, key=found.__getitem__), everything)


def _fitted(way: Way, pairs: Pairs) -> Combination:
    """One way of combining; what has to be learnt and has nothing to learn from is a sum."""
    if way in ("sum", "max"):
        return Combination(way)
    if not any(truth.label[truth.told].any() for _, truth in pairs):
        return Combination("sum")
    table, label, kinds = _samples(pairs)
    rows = []
    for kind in np.unique(kinds[label]):
        here = ~label | (kinds == kind)
        truth = label[here]
        weight = np.where(truth, _RARE / truth.sum(), 1.0 / (~truth).sum())
        rows.append(_fit_weights(table[here], truth, weight / weight.sum()))
    return Combination(way, np.stack(rows))


def _samples(pairs: Pairs) -> tuple[Floats, BoolArray, IntArray]:
    """What combinations are fitted on: columns of surprise, whether this curve is altered at this depth, which kind."""
    rng = np.random.default_rng(0)
    share = _ROWS / max(sum(int(truth.told.sum()) for _, truth in pairs), _ROWS)
    tables, labels, kinds = [], [], []
    for surprise, truth in pairs:
        # faulty samples are few, and those of short kinds fewest: all of them stay
        seen = truth.told & (truth.label | (rng.random(truth.told.shape) < share))
        tables.append(_table(surprise)[:, seen].T)
        labels.append(truth.label[seen])
        along = truth.kinds[None, :] if truth.label.shape[1] > 1 else truth.kinds[:, None]
        kinds.append(np.broadcast_to(along, truth.label.shape)[seen])
    return np.concatenate(tables), np.concatenate(labels), np.concatenate(kinds)


def _fit_weights(table: Floats, label: BoolArray, weight: Floats) -> Floats:
    """Weights and a constant that minimise the logistic loss, with a little ridge: float64[column + 1].

    No weight is negative: what surprises one detector never speaks against a fault.
    """
    from scipy.optimize import minimize

    truth = label.astype(np.float64)

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
