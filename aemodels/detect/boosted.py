"""Boosted regression trees that predict one curve, kept as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import uniform_filter1d

from aemodels.spec import Spec
from aemodels.types import FloatArray, Section

if TYPE_CHECKING:
    from sklearn.ensemble import GradientBoostingRegressor

_MEANS = (1, 11, 51)  # samples: the reading, the bed, its surroundings
_FOLDS = 5


class BoostingSpec(Spec):
    """Size of the trees."""

    trees: int = Field(default=120, ge=1, le=2000, description="trees")
    depth: int = Field(default=4, ge=1, le=12, description="levels of a tree")
    rate: float = Field(default=0.1, gt=0.0, le=1.0, description="share of each tree's advice that is taken")
    rows: int = Field(default=12_000, ge=100, le=1_000_000, description="training samples at most, drawn at random")


@dataclass(frozen=True, eq=False)
class BoostedPredictor:
    """One curve from local means of others.

    Args:
        rows: int64, the target's row, then those that predict it.
        start: prediction before the first tree.
        roots: int64[tree], place of each root among the nodes.
        nodes: float64[node, 5]: left child, right child (-1 at a leaf), feature, bound (left where <=), value.
    """

    rows: NDArray[np.int64]
    start: float
    roots: NDArray[np.int64]
    nodes: NDArray[np.float64]

    def predict(self, section: Section) -> FloatArray:
        """float32[channel, sample]; other curves than the target are predicted as themselves."""
        out = section.values.copy()
        out[self.rows[0]] = self._walk(local_means(section, self.rows[1:]))
        return out

    def _walk(self, table: FloatArray) -> FloatArray:
        total = np.full(len(table), self.start)
        left, right, feature = (self.nodes[:, column].astype(np.int64) for column in range(3))
        rows = np.arange(len(table))
        for root in self.roots:
            node = np.full(len(table), root)
            moving = left[node] >= 0
            while moving.any():
                here = node[moving]
                above = table[rows[moving], feature[here]] > self.nodes[here, 3]
                node[moving] = np.where(above, right[here], left[here])
                moving = left[node] >= 0
            total += self.nodes[node, 4]
        return total.astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"boosted_rows": self.rows, "start": np.array([self.start]), "roots": self.roots, "nodes": self.nodes}


def restore_boosted(arrays: dict[str, NDArray[Any]]) -> BoostedPredictor:
    """The inverse of BoostedPredictor.arrays."""
    return BoostedPredictor(arrays["boosted_rows"], float(arrays["start"][0]), arrays["roots"], arrays["nodes"])


def local_means(section: Section, rows: NDArray[np.int64]) -> FloatArray:
    """Running means of some curves over three lengths, and the depth gradient of the longest: float32[sample, ...]."""
    values = np.clip(section.values[rows], -0.75, 1.75)
    means = [uniform_filter1d(values, window, axis=1, mode="nearest") for window in _MEANS]
    return np.ascontiguousarray(np.concatenate(means).T, dtype=np.float32)


def fit_boosted(
    train: Sequence[Section], rows: NDArray[np.int64], spec: BoostingSpec, seed: int
) -> tuple[BoostedPredictor, list[BoostedPredictor]]:
    """A predictor of all training sections, and for each of them one of the sections outside its fold."""
    tables = [_table(section, rows) for section in train]
    folds = [number % min(_FOLDS, len(train)) for number in range(len(train))]
    every = _fit(tables, rows, spec, seed)
    if len(train) == 1:
        return every, [every]
    by_fold = {
        fold: _fit([t for t, f in zip(tables, folds, strict=True) if f != fold], rows, spec, seed)
        for fold in sorted(set(folds))
    }
    return every, [by_fold[fold] for fold in folds]


def _table(section: Section, rows: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    complete = section.mask[rows].all(axis=0)
    return local_means(section, rows[1:])[complete], section.values[rows[0], complete]


def _fit(
    tables: Sequence[tuple[FloatArray, FloatArray]], rows: NDArray[np.int64], spec: BoostingSpec, seed: int
) -> BoostedPredictor:
    from sklearn.ensemble import GradientBoostingRegressor

    inputs = np.concatenate([table for table, _ in tables])
    target = np.concatenate([curve for _, curve in tables])
    if len(inputs) < 2:  # no well has all the curves: the middle of the range
        return BoostedPredictor(rows, 0.5, np.zeros(0, dtype=np.int64), np.zeros((0, 5)))
    picked = np.random.default_rng(seed).permutation(len(inputs))[: spec.rows]
    model = GradientBoostingRegressor(
        loss="huber",
        n_estimators=spec.trees,
        max_depth=spec.depth,
        learning_rate=spec.rate,
        subsample=0.5,
        random_state=seed % 2**32,
    ).fit(inputs[picked], target[picked])
    return flatten_boosted(model, rows)


def flatten_boosted(model: GradientBoostingRegressor, rows: NDArray[np.int64]) -> BoostedPredictor:
    """A fitted scikit-learn regressor as arrays: no pickle is needed to keep it."""
    nodes, roots, offset = [], [], 0
    for tree in (estimator.tree_ for estimator in model.estimators_[:, 0]):
        children = np.stack([tree.children_left, tree.children_right], axis=1)
        children = np.where(children >= 0, children + offset, -1)
        value = model.learning_rate * tree.value[:, 0, 0]
        nodes.append(np.column_stack([children, tree.feature, tree.threshold, value]))
        roots.append(offset)
        offset += tree.node_count
    start = float(np.ravel(model.init_.constant_)[0])
    return BoostedPredictor(rows, start, np.array(roots, dtype=np.int64), np.concatenate(nodes))
