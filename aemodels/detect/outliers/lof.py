"""Local outlier factor: density of the training rows around the neighbours of a row relative to that around the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import FloatArray, Kind
from aemodels.detect.outliers.feature_table import FeatureTableBase, FeatureTableDetector, Scaling


class Lof(FeatureTableBase):
    """Local outlier factor of a row among training rows.

    References:
        Breunig, Kriegel, Ng & Sander (2000), LOF: Identifying Density-Based Local Outliers, SIGMOD.
    """

    kind: Literal["lof"] = "lof"
    neighbours: int = Field(default=20, ge=1, le=500, description="neighbours that a row is compared with")

    @override
    def _detector(self, points: FloatArray, scaling: Scaling, kind: Kind) -> FeatureTableDetector:
        from sklearn.neighbors import LocalOutlierFactor

        neighbours = min(self.neighbours, len(points) - 1)
        factor = LocalOutlierFactor(n_neighbors=neighbours, novelty=True, algorithm="brute")
        return LofDetector(points, scaling, kind, factor.fit(points))


@dataclass(frozen=True, eq=False)
class LofDetector(FeatureTableDetector):
    """Fitted Lof."""

    @override
    def _rows(self, table: FloatArray) -> NDArray[Any]:
        # the factor is unbounded if training rows coincide
        return np.asarray(np.minimum(-self.estimator.score_samples(table), 1e6))
