"""Boosted regression trees that predict one curve, kept as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import uniform_filter1d

from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Section
from aemodels.detect.cross_curve.tree_arrays import Trees, flatten

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
        trees: of the local means.
    """

    rows: NDArray[np.int64]
    trees: Trees

    def predict(self, section: Section) -> FloatArray:
        """float32[channel, sample]; other curves than the target are predicted as themselves."""
        out = section.values.copy()
        out[self.rows[0]] = self.trees.of(local_means(section, self.rows[1:]))
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"boosted_rows": self.rows, **self.trees.arrays()}


def restore_boosted(arrays: dict[str, NDArray[Any]]) -> BoostedPredictor:
    """The inverse of BoostedPredictor.arrays."""
    return BoostedPredictor(arrays["boosted_rows"], Trees.restore(arrays))


def local_means(section: Section, rows: NDArray[np.int64]) -> FloatArray:
    """Running means of some curves over three lengths, and the depth gradient of the longest: float32[sample, ...]."""
    values = np.clip(section.values[rows], -0.75, 1.75)
    means = [uniform_filter1d(values, window, axis=1, mode="nearest") for window in _MEANS]
    return np.ascontiguousarray(np.concatenate(means).T, dtype=np.float32)


def fit_boosted(train: Sequence[Section], rows: NDArray[np.int64], spec: BoostingSpec, seed: int) -> BoostedPredictor:
    """A predictor of all training sections."""
    return _fit([_table(section, rows) for section in train], rows, spec, seed)


def fit_boosted_apart(
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
        return BoostedPredictor(rows, Trees.constant(0.5))
    picked = np.random.default_rng(seed).permutation(len(inputs))[: spec.rows]
    model = GradientBoostingRegressor(
        loss="huber",
        n_estimators=spec.trees,
        max_depth=spec.depth,
        learning_rate=spec.rate,
        subsample=0.5,
        random_state=seed % 2**32,
    ).fit(inputs[picked], target[picked])
    return BoostedPredictor(rows, flatten(model))
