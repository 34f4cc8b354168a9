"""Boosted trees as plain arrays, stored and loaded without pickle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import FloatArray

if TYPE_CHECKING:
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor


@dataclass(frozen=True, eq=False)
class Trees:
    """A sum of regression trees.

    Args:
        start: prediction before the first tree.
        roots: int64[tree], index of each root among the nodes.
        nodes: float64[node, 5]: left child, right child (-1 at a leaf), feature, threshold (left if <=), value.
    """

    start: float
    roots: NDArray[np.int64]
    nodes: NDArray[np.float64]

    def predict(self, table: FloatArray) -> FloatArray:
        """Return the sum of the trees, float32[row], for features float32[row, feature]."""
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
        """Return everything as plain arrays."""
        return {"start": np.array([self.start]), "roots": self.roots, "nodes": self.nodes}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> Trees:
        """Rebuild the trees from their arrays."""
        return cls(float(arrays["start"][0]), arrays["roots"], arrays["nodes"])

    @classmethod
    def constant(cls, value: float) -> Trees:
        """Return a constant prediction without any tree."""
        return cls(value, np.zeros(0, dtype=np.int64), np.zeros((0, 5)))


def flatten(model: GradientBoostingRegressor | GradientBoostingClassifier) -> Trees:
    """Return the trees of a fitted scikit-learn regressor, or those of a two-class classifier's log-odds."""
    nodes, roots, offset = [], [], 0
    for tree in (estimator.tree_ for estimator in model.estimators_[:, 0]):
        children = np.stack([tree.children_left, tree.children_right], axis=1)
        children = np.where(children >= 0, children + offset, -1)
        value = model.learning_rate * tree.value[:, 0, 0]
        nodes.append(np.column_stack([children, tree.feature, tree.threshold, value]))
        roots.append(offset)
        offset += tree.node_count
    return Trees(_start(model), np.array(roots, dtype=np.int64), np.concatenate(nodes))


def _start(model: GradientBoostingRegressor | GradientBoostingClassifier) -> float:
    if hasattr(model.init_, "constant_"):
        return float(np.ravel(model.init_.constant_)[0])
    share = model.init_.class_prior_
    return float(np.log(share[1] / share[0]))
