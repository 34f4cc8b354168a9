"""Isolation forest on sample or trace attributes, stored as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import uniform_filter1d

from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.detect.base import DetectContext, Detector

if TYPE_CHECKING:
    from sklearn.ensemble import IsolationForest as SklearnForest


@dataclass(frozen=True, eq=False)
class ForestArrays:
    """A fitted isolation forest as arrays, stored and loaded without pickle.

    Args:
        roots: int64[tree], index of each tree's root among the nodes.
        children: int64[node, 2], left and right child, -1 at a leaf.
        split: int64[node], attribute that is compared.
        bound: float64[node], threshold; left if attribute <= bound.
        depth: float64[node], path length at a leaf, with the expected remainder.
        normal: average path length, at which the score is 0.5.
    """

    roots: NDArray[np.int64]
    children: NDArray[np.int64]
    split: NDArray[np.int64]
    bound: NDArray[np.float64]
    depth: NDArray[np.float64]
    normal: float

    def score(self, attributes: NDArray[np.float32]) -> FloatArray:
        """Return the anomaly score 2^(-mean path / normal path) in (0, 1): float32[row].

        References:
            Liu, Ting & Zhou (2008), Isolation Forest, ICDM.
        """
        rows = np.arange(len(attributes))
        total = np.zeros(len(attributes))
        for root in self.roots:
            node = np.full(len(attributes), root)
            moving = self.children[node, 0] >= 0
            while moving.any():
                here = node[moving]
                right = attributes[rows[moving], self.split[here]] > self.bound[here]
                node[moving] = self.children[here, right.astype(np.int64)]
                moving = self.children[node, 0] >= 0
            total += self.depth[node]
        return np.exp2(-total / (len(self.roots) * self.normal)).astype(np.float32)


def flatten(forest: SklearnForest) -> ForestArrays:
    """Convert a fitted scikit-learn forest to arrays; scores are the negative of its `score_samples`."""
    offset, parts, roots = 0, [], []
    for estimator in forest.estimators_:
        tree = estimator.tree_
        children = np.stack([tree.children_left, tree.children_right], axis=1).astype(np.int64)
        roots.append(offset)
        depth = _node_depths(children) + _average_path(tree.n_node_samples)
        parts.append((np.where(children >= 0, children + offset, -1), tree.feature, tree.threshold, depth))
        offset += tree.node_count
    children, split, bound, depth = (np.concatenate(column) for column in zip(*parts, strict=True))
    normal = float(_average_path(np.array([forest.max_samples_]))[0])
    return ForestArrays(np.array(roots), children, split.astype(np.int64), bound, depth, normal)


def _node_depths(children: NDArray[np.int64]) -> NDArray[np.float64]:
    depths = np.zeros(len(children))
    for node, pair in enumerate(children):  # parents precede their children
        if pair[0] >= 0:
            depths[pair] = depths[node] + 1
    return depths


def _average_path(count: NDArray[Any]) -> NDArray[np.float64]:
    """Return the average path length of an unsuccessful search in a tree of `count` samples (Liu et al., eq. 1)."""
    n = np.asarray(count, dtype=np.float64)
    large = 2.0 * (np.log(np.maximum(n - 1, 1)) + np.euler_gamma) - 2.0 * (n - 1) / np.maximum(n, 1)
    return np.where(n <= 1, 0.0, np.where(n == 2, 1.0, large))


class IsolationForest(Spec):
    """One forest per curve on the values of all curves and its step and local roughness; or one on trace attributes."""

    kind: Literal["isolation_forest"] = "isolation_forest"
    trees: int = Field(default=100, ge=1, le=2000, description="trees per forest")
    rows: int = Field(
        default=20_000, ge=100, le=10_000_000, description="maximum number of training rows, drawn at random"
    )

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the forests."""
        from sklearn.ensemble import IsolationForest as SklearnForest

        rng = np.random.default_rng(context.seed)
        forests = []
        for tables in zip(*(attributes(section, context.kind) for section in train), strict=True):
            joined = np.concatenate([table[np.isfinite(table).all(axis=1)] for table in tables])
            picked = (
                joined[rng.permutation(len(joined))[: self.rows]] if len(joined) else np.zeros((2, joined.shape[1]))
            )
            forest = SklearnForest(n_estimators=self.trees, random_state=context.seed % 2**32)
            forests.append(flatten(forest.fit(picked.astype(np.float32))))
        return ForestDetector(tuple(forests), context.kind)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        count = len({name.split("_")[0] for name in arrays})
        names = ("roots", "children", "split", "bound", "depth")
        forests = []
        for n in range(count):
            roots, children, split, bound, depth = (arrays[f"{n:02d}_{name}"] for name in names)
            forests.append(ForestArrays(roots, children, split, bound, depth, float(arrays[f"{n:02d}_normal"][0])))
        return ForestDetector(tuple(forests), context.kind)


@dataclass(frozen=True, eq=False)
class ForestDetector:
    """Fitted IsolationForest: one forest per curve (logs) or one in all (seismic)."""

    forests: tuple[ForestArrays, ...]
    kind: Kind

    def score(self, section: Section) -> FloatArray:
        """Return the anomaly score of each sample of each curve, or of each trace."""
        scores = []
        for forest, table in zip(self.forests, attributes(section, self.kind), strict=True):
            known = np.isfinite(table).all(axis=1)
            column = np.full(len(table), np.nan, dtype=np.float32)
            column[known] = forest.score(table[known])
            scores.append(column)
        return np.stack(scores) if self.kind == "logs" else scores[0][:, None]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        out: dict[str, NDArray[Any]] = {}
        for n, forest in enumerate(self.forests):
            for name in ("roots", "children", "split", "bound", "depth"):
                out[f"{n:02d}_{name}"] = getattr(forest, name)
            out[f"{n:02d}_normal"] = np.array([forest.normal])
        return out


def attributes(section: Section, kind: Kind) -> list[NDArray[np.float32]]:
    """Return attribute tables float32[row, attribute]: one per curve (row = sample), or one of traces (row = trace).

    The row of an unobserved sample or trace is NaN.
    """
    return _curve_attributes(section) if kind == "logs" else [trace_attributes(section)]


def _curve_attributes(section: Section) -> list[NDArray[np.float32]]:
    values = section.values
    step = np.gradient(values, axis=1) if values.shape[1] > 1 else np.zeros_like(values)
    mean = uniform_filter1d(values, 9, axis=1, mode="nearest")
    rough = np.sqrt(np.maximum(uniform_filter1d((values - mean) ** 2, 9, axis=1, mode="nearest"), 0))
    tables = []
    for row in range(len(values)):
        table = np.column_stack([values.T, step[row], rough[row]]).astype(np.float32)
        table[~section.mask[row]] = np.nan
        tables.append(table)
    return tables


def trace_attributes(section: Section) -> NDArray[np.float32]:
    """Return log rms, peak over rms, share of zero crossings, and correlation with either neighbouring trace."""
    values = section.values.astype(np.float64)
    rms = np.sqrt(np.mean(values**2, axis=1)) + 1e-9
    peak = np.abs(values).max(axis=1) / rms
    crossings = np.diff(np.signbit(values), axis=1).sum(axis=1) / values.shape[1]
    unit = values / np.sqrt(np.sum(values**2, axis=1, keepdims=True) + 1e-18)
    pairs = np.sum(unit[1:] * unit[:-1], axis=1)
    # The outer traces have one neighbour, which counts twice; a lone trace has none, and counts as coherent.
    neighbours = np.concatenate([pairs[:1], pairs, pairs[-1:]]) if pairs.size else np.ones(2)
    table = np.column_stack([np.log(rms), peak, crossings, neighbours[:-1], neighbours[1:]]).astype(np.float32)
    table[~section.mask.any(axis=1)] = np.nan
    return table
