"""Boosted trees that no evidence speaks against: the more surprised a detector is, the higher they score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aemodels.detect.trees import Trees
from aemodels.types import BoolArray

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

_TREES, _DEPTH, _RATE = 60, 3, 0.1
_LEAF = 200  # samples at least that a leaf speaks for


def fit_monotone(table: NDArray[np.float64], label: BoolArray, weight: NDArray[np.float64]) -> Trees:
    """Log-odds that a sample is altered, never falling as any column rises.

    Args:
        table: float64[sample, column].
        label: bool[sample], with both among them.
        weight: float64[sample], positive.

    References:
        Friedman, J. H. (2001), Annals of Statistics 29, 1189 (boosting); Ke et al. (2017), NeurIPS (trees on bins).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=_TREES,
        max_depth=_DEPTH,
        learning_rate=_RATE,
        min_samples_leaf=min(_LEAF, max(1, int(label.sum()) // 10)),
        l2_regularization=1.0,
        monotonic_cst=np.ones(table.shape[1], dtype=np.int8),
        early_stopping=False,
        random_state=0,
    )
    return histogram_trees(model.fit(table, label, sample_weight=weight * len(weight)))


def histogram_trees(model: HistGradientBoostingClassifier) -> Trees:
    """The log-odds of a fitted classifier of two classes, of columns without gaps."""
    nodes, roots, offset = [], [], 0
    for (tree,) in model._predictors:
        leaf = tree.nodes["is_leaf"].astype(bool)
        left, right = (_place(tree.nodes[side], leaf, offset) for side in ("left", "right"))
        columns = (left, right, tree.nodes["feature_idx"], tree.nodes["num_threshold"], tree.nodes["value"])
        nodes.append(np.column_stack(columns).astype(np.float64))
        roots.append(offset)
        offset += len(leaf)
    start = float(np.ravel(model._baseline_prediction)[0])
    return Trees(start, np.array(roots, dtype=np.int64), np.concatenate(nodes))


def _place(children: NDArray[Any], leaf: BoolArray, offset: int) -> NDArray[np.int64]:
    return np.where(leaf, -1, children.astype(np.int64) + offset)
