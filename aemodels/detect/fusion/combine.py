"""The combination of several detectors' p-values into one score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray, IntArray, Kind
from aemodels.detect.base import row_scores, with_new_keys
from aemodels.detect.fusion.alarm_shares import fit_levels
from aemodels.detect.fusion.calibration_set import LabelledSection

Method: TypeAlias = Literal["sum", "max", "learned", "shares"]
Combiner: TypeAlias = Literal["sum", "max", "learned", "shares", "best"]
_METHODS: tuple[Method, ...] = ("sum", "max", "learned", "shares")  # in the order of the numbers stored in bundles
_NOMINAL = 2.0  # -log10 p of the combination at which all components together reach their rate of false alarms
_MAX_NEG_LOG10_P = 8.0  # beyond it, a smaller p-value of one detector adds no evidence
Floats: TypeAlias = NDArray[np.float64]
Pairs: TypeAlias = Sequence[tuple[FloatArray, LabelledSection]]
_RIDGE = 1e-4
_MAX_CLEAN_ROWS = 150_000  # clean samples that weights are fitted to, about
_PRIOR = 0.02  # prior share of faulty samples, the same for each kind, so that odds of kinds compare
_EARLIER_KEYS = {"way": "method", "believed": "trusted", "beyond": "even_odds_decades"}


@dataclass(frozen=True, eq=False)
class Combination:
    """A fitted combination of the -log10 p of each component.

    Args:
        method: "sum", "max", "learned" or "shares".
        weights: float64[kind, 2 * component + 1], for the log-odds of each kind: of each component's -log10 p on the
            curve itself, of its maximum over the curves of the depth, and an intercept; only for "learned". For
            "shares" float64[1, component], the -log10 p at which each component flags.
        trusted: int64[trusted], indices of the components that also count unweighted; only for "learned".
        even_odds_decades: -log10 p at which the odds of one of those are 1:1.
    """

    method: Method
    weights: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 1)))
    trusted: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    even_odds_decades: float = 0.0

    def combine(self, p_values: FloatArray) -> FloatArray:
        """Return the combined score, positive, higher = more anomalous.

        Args:
            p_values: -log10 p, float32[component, channel, sample].

        Returns:
            float32[channel, sample].
        """
        if self.method == "sum":
            return np.asarray(p_values.sum(axis=0), dtype=np.float32)
        if self.method == "max":
            return np.asarray(p_values.max(axis=0), dtype=np.float32)
        if self.method == "shares":
            beyond = (p_values - self.weights[0][:, None, None]).max(axis=0) + _NOMINAL
            return np.asarray(np.maximum(beyond, 0), dtype=np.float32)
        log_odds = self._log_odds(p_values)
        if self.trusted.size:
            highest = np.minimum(p_values[self.trusted].max(axis=0), _MAX_NEG_LOG10_P)
            log_odds = np.concatenate([log_odds, np.float32(np.log(10)) * (highest - self.even_odds_decades)[None]])
        return _log_one_plus_sum(log_odds)

    def _log_odds(self, p_values: FloatArray) -> FloatArray:
        """Return the log-odds of each kind by the learned weights, float32[kind, channel, sample]."""
        weights, limited = self.weights.astype(np.float32), np.minimum(p_values, np.float32(_MAX_NEG_LOG10_P))
        own, at_depth = np.split(weights[:, :-1], 2, axis=1)
        by_curve = np.tensordot(own, limited, axes=(1, 0))
        highest = limited.max(axis=1, keepdims=True) if p_values.shape[2] > 1 else limited
        by_curve += np.tensordot(at_depth, highest, axes=(1, 0)) + weights[:, -1:, None]
        return np.asarray(by_curve)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {
            "method": np.array([_METHODS.index(self.method)]),
            "weights": self.weights,
            "trusted": self.trusted,
            "even_odds_decades": np.array([self.even_odds_decades]),
        }

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> Combination:
        """Rebuild a combination from its arrays."""
        arrays = with_new_keys(arrays, _EARLIER_KEYS)
        # bundles from before the trusted members have one row of weights for all kinds
        trusted, even_odds = arrays.get("trusted", np.zeros(0)), arrays.get("even_odds_decades", np.zeros(1))
        method, weights = _METHODS[int(arrays["method"][0])], np.atleast_2d(arrays["weights"])
        return cls(method, weights, trusted.astype(np.int64), float(even_odds[0]))


def fit_combination(
    combiner: Combiner,
    p_values: Sequence[Sequence[FloatArray]],
    truth: Sequence[Sequence[LabelledSection]],
    *,
    kind: Kind,
    withheld: Sequence[int] = (),
) -> Combination:
    """Fit a combination; for "best", choose the method with the highest out-of-fold average precision.

    Args:
        combiner: the method, or "best".
        p_values: -log10 p, float32[component, channel, sample], of each copy of each recording.
        truth: labels of the same copies.
        kind: logs or seismic.
        withheld: components without which learned weights are fitted as well, to a second copy of the samples.
    """
    pairs = [list(zip(first, second, strict=True)) for first, second in zip(p_values, truth, strict=True)]
    if combiner != "best":
        return _fit(combiner, pairs, withheld)
    if len(pairs) < 2:
        return _fit("learned", pairs, withheld)
    precision = dict.fromkeys(_METHODS, 0.0)
    for number, held_out in enumerate(pairs):
        others = [copies for other, copies in enumerate(pairs) if other != number]
        for method in _METHODS:
            precision[method] += _precision(_fit(method, others, withheld), held_out, kind)
    return _fit(max(_METHODS, key=precision.__getitem__), pairs, withheld)


def _fit(method: Method, by_recording: Sequence[Pairs], withheld: Sequence[int]) -> Combination:
    """Fit one method; "learned" and "shares" become "sum" if no sample is labelled as faulty."""
    if method in ("sum", "max"):
        return Combination(method)
    pairs = [pair for copies in by_recording for pair in copies]
    if not any(truth.label[truth.has_label].any() for _, truth in pairs):
        return Combination("sum")
    if method == "shares":
        return Combination(method, fit_levels(by_recording)[None])
    table, label, kinds = _with_copy(_samples(pairs), withheld)
    rows = []
    for kind in np.unique(kinds[label]):
        used = ~label | (kinds == kind)
        faulty = label[used]
        weight = np.where(faulty, _PRIOR / faulty.sum(), 1.0 / (~faulty).sum())
        rows.append(_fit_weights(table[used], faulty, weight / weight.sum()))
    return Combination(method, np.stack(rows))


def _samples(pairs: Pairs) -> tuple[Floats, BoolArray, IntArray]:
    """Return the training samples: a table of -log10 p, whether the curve is faulty at this depth, and the kind."""
    rng = np.random.default_rng(0)
    share = _MAX_CLEAN_ROWS / max(sum(int(truth.has_label.sum()) for _, truth in pairs), _MAX_CLEAN_ROWS)
    tables, labels, kinds = [], [], []
    for p_values, truth in pairs:
        # faulty samples are few, and those of short kinds fewest: all of them are kept
        used = truth.has_label & (truth.label | (rng.random(truth.has_label.shape) < share))
        tables.append(_table(p_values)[:, used].T)
        labels.append(truth.label[used])
        along = truth.kinds[None, :] if truth.label.shape[1] > 1 else truth.kinds[:, None]
        kinds.append(np.broadcast_to(along, truth.label.shape)[used])
    return np.concatenate(tables), np.concatenate(labels), np.concatenate(kinds)


def _with_copy(
    samples: tuple[Floats, BoolArray, IntArray], withheld: Sequence[int]
) -> tuple[Floats, BoolArray, IntArray]:
    """Return the samples, and once more without the evidence of the withheld components."""
    if not len(withheld):
        return samples
    table, label, kinds = samples
    without = table.copy()
    components = table.shape[1] // 2
    without[:, [*withheld, *(components + number for number in withheld)]] = 0
    return np.concatenate([table, without]), np.tile(label, 2), np.tile(kinds, 2)


def _fit_weights(table: Floats, label: BoolArray, weight: Floats) -> Floats:
    """Return the weights and the intercept of a ridge logistic regression: float64[column + 1].

    Weights are not negative: a small p-value is never evidence against a fault.
    """
    from scipy.optimize import minimize

    truth = label.astype(np.float64)

    def loss(values: Floats) -> tuple[float, Floats]:
        log_odds = table @ values[:-1] + values[-1]
        slope = weight * (1 / (1 + np.exp(-np.clip(log_odds, -50, 50))) - truth)
        value = float(weight @ (np.logaddexp(0, log_odds) - truth * log_odds))
        value += _RIDGE * float(values[:-1] @ values[:-1])
        return value, np.append(table.T @ slope + 2 * _RIDGE * values[:-1], slope.sum())

    start = np.append(np.full(table.shape[1], 0.1), -3.0)
    bounds = [(0.0, None)] * table.shape[1] + [(None, None)]
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x, dtype=np.float64)


def _table(p_values: FloatArray) -> NDArray[np.float64]:
    """Return float64[2 * component, channel, sample]: -log10 p of the curve and its maximum at the depth, limited."""
    limited = np.minimum(p_values, _MAX_NEG_LOG10_P).astype(np.float64)
    highest = limited.max(axis=1, keepdims=True) if p_values.shape[2] > 1 else limited
    return np.concatenate([limited, np.broadcast_to(highest, limited.shape)])


def _log_one_plus_sum(log_odds: FloatArray) -> FloatArray:
    """Return log(1 + the sum of the odds), float32[channel, sample], without overflow."""
    highest = np.maximum(log_odds.max(axis=0), 0)
    beyond_one = np.expm1(-highest)  # of odds far below 1, one plus them would lose the digits
    for row in log_odds:
        beyond_one += np.exp(row - highest)
    return np.asarray(highest + np.log1p(beyond_one), dtype=np.float32)


def _precision(combination: Combination, pairs: Pairs, kind: Kind) -> float:
    """Return the average precision of the row scores of some copies, pooled."""
    from sklearn.metrics import average_precision_score

    rows = [row_scores(np.where(truth.has_label, combination.combine(p), np.nan), kind) for p, truth in pairs]
    labels = [truth.label.any(axis=0 if kind == "logs" else 1) for _, truth in pairs]
    scores, faulty = np.concatenate(rows), np.concatenate(labels)
    known = np.isfinite(scores)
    return float(average_precision_score(faulty[known], scores[known])) if faulty[known].any() else 0.0
