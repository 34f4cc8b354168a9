"""One-class support vector machine: distance outside a region that contains most training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.detect.base import DetectContext, Detector
from aemodels.detect.outliers.feature_table import Scaling, broadcast_rows, feature_table, training_points

_BLOCK = 8192  # rows per block of the kernel matrix


class OneClassSvm(Spec):
    """Distance from the region of the training rows, by a Gaussian kernel.

    References:
        Scholkopf, Platt, Shawe-Taylor, Smola & Williamson (2001), Neural Computation 13, 1443.
    """

    kind: Literal["one_class_svm"] = "one_class_svm"
    nu: float = Field(default=0.02, gt=0.0, le=1.0, description="maximum share of the training rows outside the region")
    rows: int = Field(default=4000, ge=50, le=50_000, description="maximum number of training rows, drawn at random")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Fit the support vectors."""
        from sklearn.svm import OneClassSVM

        tables = [feature_table(section, context.kind) for section in train]
        points, scaling = training_points(tables, context.seed, self.rows)
        gamma = 1.0 / (points.shape[1] * max(float(points.var()), 1e-6))
        machine = OneClassSVM(nu=self.nu, gamma=gamma).fit(points)
        return SvmDetector(
            vectors=machine.support_vectors_.astype(np.float32),
            weights=machine.dual_coef_[0].astype(np.float64),
            bias=np.array([float(machine.intercept_[0]), gamma]),
            scaling=scaling,
            kind=context.kind,
        )

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        scaling = Scaling(arrays["middle"], arrays["spread"])
        return SvmDetector(arrays["vectors"], arrays["weights"], arrays["bias"], scaling, context.kind)


@dataclass(frozen=True, eq=False)
class SvmDetector:
    """Fitted OneClassSvm.

    Args:
        vectors: support vectors float32[vector, feature].
        weights: float64[vector].
        bias: float64[2], intercept and gamma of the kernel.
        scaling: of the features.
        kind: "logs" or "seismic".
    """

    vectors: FloatArray
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    scaling: Scaling
    kind: Kind

    def score(self, section: Section) -> FloatArray:
        """Return the score of each row, on every observed curve of a depth or per trace."""
        table = self.scaling.apply(feature_table(section, self.kind))
        rows = np.concatenate([self._outside(table[at : at + _BLOCK]) for at in range(0, len(table), _BLOCK)])
        return broadcast_rows(rows, section, self.kind)

    def _outside(self, table: FloatArray) -> FloatArray:
        """Return exp(-decision / offset): 1 on the border of the region, more outside, less inside."""
        square = (table**2).sum(axis=1)[:, None] + (self.vectors**2).sum(axis=1) - 2 * table @ self.vectors.T
        inside = np.exp(-self.bias[1] * np.maximum(square, 0).astype(np.float64)) @ self.weights
        offset = max(-float(self.bias[0]), 1e-9)
        return np.asarray(np.exp(np.minimum(1 - inside / offset, 1)), dtype=np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {"vectors": self.vectors, "weights": self.weights, "bias": self.bias, **self.scaling.arrays()}
