"""Feature tables of depth samples or traces, for detectors that compare with the training rows."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import uniform_filter1d

from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.denoisers.filters_1d.hampel import mirrored_median
from aemodels.detect.base import DetectContext, Detector
from aemodels.detect.outliers.isolation_forest import trace_attributes

_MAX_SCORE = 20.0  # robust standard deviations; features are clipped, so that no distance overflows


@dataclass(frozen=True, eq=False)
class Scaling:
    """Median and spread of each feature in training: float32[feature] both."""

    middle: FloatArray
    spread: FloatArray

    def apply(self, table: FloatArray) -> FloatArray:
        """Return robust standard scores, clipped; 0 if a feature is NaN."""
        score = np.clip((table - self.middle) / self.spread, -_MAX_SCORE, _MAX_SCORE)
        return np.asarray(np.nan_to_num(score, nan=0.0), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {"middle": self.middle, "spread": self.spread}


class FeatureTableBase(Spec):
    """A detector that stores training rows and compares with them."""

    rows: int = Field(default=2000, ge=50, le=200_000, description="maximum number of training rows, drawn at random")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit to the training rows; with several wells, also once without each of them."""
        tables = [feature_table(section, context.kind) for section in train]
        others = [[*tables[:number], *tables[number + 1 :]] for number in range(len(tables))]
        # sections of a line adjoin, so that leaving one out does not make it independent
        independent = context.kind == "logs" and len(train) > 1
        out_of_fold = tuple(self._fit_tables(rest, context) for rest in others) if independent else ()
        return dataclasses.replace(self._fit_tables(tables, context), out_of_fold=out_of_fold)

    def _fit_tables(self, tables: Sequence[FloatArray], context: DetectContext) -> FeatureTableDetector:
        points, scaling = training_points(tables, context.seed, self.rows)
        return self._detector(points, scaling, context.kind)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        return self._detector(arrays["points"], Scaling(arrays["middle"], arrays["spread"]), context.kind)

    @abstractmethod
    def _detector(self, points: FloatArray, scaling: Scaling, kind: Kind) -> FeatureTableDetector:
        """Return the detector of training rows float32[row, feature]."""


@dataclass(frozen=True, eq=False)
class FeatureTableDetector:
    """Fitted FeatureTableBase.

    Args:
        points: training rows float32[row, feature], scaled.
        scaling: of the features.
        kind: "logs" or "seismic".
        estimator: fitted scikit-learn estimator.
        out_of_fold: for each training section the detector without its rows; not stored with the detector.
    """

    points: FloatArray
    scaling: Scaling
    kind: Kind
    estimator: Any
    out_of_fold: tuple[FeatureTableDetector, ...] = field(default=(), repr=False)

    def score(self, section: Section) -> FloatArray:
        """Return the score of each row, on every observed curve of a depth or per trace."""
        rows = self._rows(self.scaling.apply(feature_table(section, self.kind)))
        return broadcast_rows(rows.astype(np.float32), section, self.kind)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {"points": self.points, **self.scaling.arrays()}

    @abstractmethod
    def _rows(self, table: FloatArray) -> NDArray[Any]:
        """Return the anomaly score of each row of a scaled table."""


def training_points(tables: Sequence[FloatArray], seed: int, rows: int) -> tuple[FloatArray, Scaling]:
    """Return at most `rows` complete rows, drawn at random and scaled, and the scaling fitted to all complete rows."""
    table = np.concatenate(tables)
    complete = table[np.isfinite(table).all(axis=1)]
    known = complete if len(complete) else np.nan_to_num(table)
    low, middle, high = np.percentile(known, [10, 50, 90], axis=0)
    scaling = Scaling(middle.astype(np.float32), np.maximum(high - low, 1e-3).astype(np.float32) / 2.56)
    picked = np.random.default_rng(seed).permutation(len(known))[:rows]
    return scaling.apply(known[np.sort(picked)]), scaling


def feature_table(section: Section, kind: Kind) -> FloatArray:
    """Return float32[row, feature]: value, step, roughness and spike of each curve, or the attributes of a trace.

    NaN if a curve or a trace is not observed.
    """
    if kind == "seismic":
        return trace_attributes(section)
    values = np.clip(section.values, -3, 4)
    step = np.diff(values, axis=1, prepend=values[:, :1])
    mean = uniform_filter1d(values, 9, axis=1, mode="nearest")
    rough = np.sqrt(np.maximum(uniform_filter1d((values - mean) ** 2, 9, axis=1, mode="nearest"), 0))
    spike = values - mirrored_median(values, 7)
    parts = [np.where(section.mask, part, np.nan) for part in (values, step, np.log10(rough + 1e-3), spike)]
    return np.ascontiguousarray(np.concatenate(parts).T, dtype=np.float32)


def broadcast_rows(rows: FloatArray, section: Section, kind: Kind) -> FloatArray:
    """Return row scores in the shape of detector scores: on every observed curve of a depth, or one per trace."""
    if kind == "seismic":
        return np.where(section.mask.any(axis=1), rows, np.nan)[:, None].astype(np.float32)
    return np.where(section.mask, rows, np.nan).astype(np.float32)
