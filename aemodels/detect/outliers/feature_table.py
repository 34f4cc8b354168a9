"""Rows of recordings as points, for detectors that compare with the training rows themselves."""

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
from aemodels.denoisers.filters_1d.hampel import running_deviation
from aemodels.detect.base import DetectContext, Detector
from aemodels.detect.outliers.isolation_forest import trace_attributes

_LIMIT = 20.0  # robust standard deviations: further out is further than any, and no distance should overflow


@dataclass(frozen=True, eq=False)
class Scaling:
    """Middle and spread of each attribute in training: float32[attribute] both."""

    middle: FloatArray
    spread: FloatArray

    def apply(self, table: FloatArray) -> FloatArray:
        """Robust standard scores, limited; 0 where an attribute is not known."""
        score = np.clip((table - self.middle) / self.spread, -_LIMIT, _LIMIT)
        return np.asarray(np.nan_to_num(score, nan=0.0), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"middle": self.middle, "spread": self.spread}


class PointsBase(Spec):
    """A detector that keeps training rows and compares with them."""

    rows: int = Field(default=2000, ge=50, le=200_000, description="training rows at most, drawn at random")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        tables = [attribute_table(section, context.kind) for section in train]
        others = [[*tables[:number], *tables[number + 1 :]] for number in range(len(tables))]
        # line sections adjoin: what is left out of a line is next to what is not
        alone = context.kind == "logs" and len(train) > 1
        apart = tuple(self._of(rest, context) for rest in others) if alone else ()
        return dataclasses.replace(self._of(tables, context), apart=apart)

    def _of(self, tables: Sequence[FloatArray], context: DetectContext) -> PointsDetector:
        points, scaling = training_points(tables, context.seed, self.rows)
        return self._detector(points, scaling, context.kind)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        return self._detector(arrays["points"], Scaling(arrays["middle"], arrays["spread"]), context.kind)

    @abstractmethod
    def _detector(self, points: FloatArray, scaling: Scaling, kind: Kind) -> PointsDetector:
        """The detector of training rows float32[row, attribute]."""


@dataclass(frozen=True, eq=False)
class PointsDetector:
    """Fitted PointsBase.

    Args:
        points: training rows float32[row, attribute].
        scaling: theirs.
        kind: "logs" or "seismic".
        estimator: what the rows make.
        apart: the detector without the rows of each training section; not kept with it.
    """

    points: FloatArray
    scaling: Scaling
    kind: Kind
    estimator: Any
    apart: tuple[PointsDetector, ...] = field(default=(), repr=False)

    def score(self, section: Section) -> FloatArray:
        rows = self._rows(self.scaling.apply(attribute_table(section, self.kind)))
        return spread_rows(rows.astype(np.float32), section, self.kind)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"points": self.points, **self.scaling.arrays()}

    @abstractmethod
    def _rows(self, table: FloatArray) -> NDArray[Any]:
        """How anomalous each row of a scaled table is."""


def training_points(tables: Sequence[FloatArray], seed: int, rows: int) -> tuple[FloatArray, Scaling]:
    """At most `rows` complete rows of the sections' tables, drawn at random, and the scaling fitted on all of them."""
    table = np.concatenate(tables)
    complete = table[np.isfinite(table).all(axis=1)]
    known = complete if len(complete) else np.nan_to_num(table)
    low, middle, high = np.percentile(known, [10, 50, 90], axis=0)
    scaling = Scaling(middle.astype(np.float32), np.maximum(high - low, 1e-3).astype(np.float32) / 2.56)
    picked = np.random.default_rng(seed).permutation(len(known))[:rows]
    return scaling.apply(known[np.sort(picked)]), scaling


def attribute_table(section: Section, kind: Kind) -> FloatArray:
    """float32[row, attribute]: value, step, roughness and spike of each curve at a depth, or a trace's attributes.

    NaN where a curve or a trace is not observed.
    """
    if kind == "seismic":
        return trace_attributes(section)
    values = np.clip(section.values, -3, 4)
    step = np.diff(values, axis=1, prepend=values[:, :1])
    mean = uniform_filter1d(values, 9, axis=1, mode="nearest")
    rough = np.sqrt(np.maximum(uniform_filter1d((values - mean) ** 2, 9, axis=1, mode="nearest"), 0))
    spike = values - running_deviation(values, 7)[0]
    parts = [np.where(section.mask, part, np.nan) for part in (values, step, np.log10(rough + 1e-3), spike)]
    return np.ascontiguousarray(np.concatenate(parts).T, dtype=np.float32)


def spread_rows(rows: FloatArray, section: Section, kind: Kind) -> FloatArray:
    """Row scores as detectors return them: on every observed curve of a depth, or one a trace."""
    if kind == "seismic":
        return np.where(section.mask.any(axis=1), rows, np.nan)[:, None].astype(np.float32)
    return np.where(section.mask, rows, np.nan).astype(np.float32)
