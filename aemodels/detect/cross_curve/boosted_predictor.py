"""Boosted regression trees that predict one curve from others, stored as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import uniform_filter1d

from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Section
from aemodels.detect.cross_curve.linear_predictor import CLIP_RANGE
from aemodels.detect.cross_curve.tree_arrays import Trees, flatten

_MEANS = (1, 11, 51)  # samples: the reading, the bed, its surroundings
_FOLDS = 5


class BoostingSpec(Spec):
    """Size and learning rate of the boosted trees."""

    earlier_names: ClassVar[Mapping[str, str]] = {"rate": "learning_rate"}

    trees: int = Field(default=120, ge=1, le=2000, description="number of trees")
    depth: int = Field(default=4, ge=1, le=12, description="maximum depth of a tree")
    learning_rate: float = Field(default=0.1, gt=0.0, le=1.0, description="shrinkage of each tree's contribution")
    rows: int = Field(
        default=12_000, ge=100, le=1_000_000, description="maximum number of training samples, drawn at random"
    )


@dataclass(frozen=True, eq=False)
class BoostedPredictor:
    """Predictor of one curve from local means of others.

    Args:
        rows: int64, the target's row, then the rows of the predictors.
        trees: over the local means.
    """

    rows: NDArray[np.int64]
    trees: Trees

    def predict(self, section: Section) -> FloatArray:
        """Return float32[channel, sample] with the target predicted and the other curves unchanged."""
        out = section.values.copy()
        out[self.rows[0]] = self.trees.predict(local_means(section, self.rows[1:]))
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {"boosted_rows": self.rows, **self.trees.arrays()}


def restore_boosted(arrays: dict[str, NDArray[Any]]) -> BoostedPredictor:
    """Rebuild a predictor from its arrays."""
    return BoostedPredictor(arrays["boosted_rows"], Trees.restore(arrays))


def local_means(section: Section, rows: NDArray[np.int64]) -> FloatArray:
    """Return running means of some curves over three lengths: float32[sample, length * curve], curves fastest."""
    values = np.clip(section.values[rows], *CLIP_RANGE)
    means = [uniform_filter1d(values, window, axis=1, mode="nearest") for window in _MEANS]
    return np.ascontiguousarray(np.concatenate(means).T, dtype=np.float32)


def fit_boosted(train: Sequence[Section], rows: NDArray[np.int64], spec: BoostingSpec, seed: int) -> BoostedPredictor:
    """Fit a predictor to all training sections."""
    return _fit([_table(section, rows) for section in train], rows, spec, seed)


def fit_boosted_out_of_fold(
    train: Sequence[Section], rows: NDArray[np.int64], spec: BoostingSpec, seed: int
) -> tuple[BoostedPredictor, list[BoostedPredictor]]:
    """Fit a predictor to all training sections, and for each of them one to the sections outside its fold."""
    tables = [_table(section, rows) for section in train]
    folds = [number % min(_FOLDS, len(train)) for number in range(len(train))]
    predictor = _fit(tables, rows, spec, seed)
    if len(train) == 1:
        return predictor, [predictor]
    by_fold = {
        fold: _fit([t for t, f in zip(tables, folds, strict=True) if f != fold], rows, spec, seed)
        for fold in sorted(set(folds))
    }
    return predictor, [by_fold[fold] for fold in folds]


def _table(section: Section, rows: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Return features and target of the samples that have all the curves."""
    complete = section.mask[rows].all(axis=0)
    return local_means(section, rows[1:])[complete], section.values[rows[0], complete]


def _fit(
    tables: Sequence[tuple[FloatArray, FloatArray]], rows: NDArray[np.int64], spec: BoostingSpec, seed: int
) -> BoostedPredictor:
    from sklearn.ensemble import GradientBoostingRegressor

    inputs = np.concatenate([table for table, _ in tables])
    target = np.concatenate([curve for _, curve in tables])
    if len(inputs) < 2:  # no well has all the curves: predict the middle of the range
        return BoostedPredictor(rows, Trees.constant(0.5))
    picked = np.random.default_rng(seed).permutation(len(inputs))[: spec.rows]
    model = GradientBoostingRegressor(
        loss="huber",
        n_estimators=spec.trees,
        max_depth=spec.depth,
        learning_rate=spec.learning_rate,
        subsample=0.5,
        random_state=seed % 2**32,
    ).fit(inputs[picked], target[picked])
    return BoostedPredictor(rows, flatten(model))
