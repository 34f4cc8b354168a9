"""Distance to the k-th nearest training row as a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import FloatArray, Kind
from aemodels.detect.outliers.feature_table import FeatureTableBase, FeatureTableDetector, Scaling


class Knn(FeatureTableBase):
    """Distance of a row to the k-th nearest of the training rows, in robust standard deviations.

    References:
        Ramaswamy, Rastogi & Shim (2000), Efficient Algorithms for Mining Outliers from Large Data Sets, SIGMOD.
    """

    kind: Literal["knn"] = "knn"
    neighbours: int = Field(default=5, ge=1, le=500, description="k: the neighbour whose distance is the score")

    @override
    def _detector(self, points: FloatArray, scaling: Scaling, kind: Kind) -> FeatureTableDetector:
        from sklearn.neighbors import NearestNeighbors

        nearest = NearestNeighbors(n_neighbors=min(self.neighbours, len(points)), algorithm="brute")
        return KnnDetector(points, scaling, kind, nearest.fit(points))


@dataclass(frozen=True, eq=False)
class KnnDetector(FeatureTableDetector):
    """Fitted Knn."""

    @override
    def _rows(self, table: FloatArray) -> NDArray[Any]:
        distances, _ = self.estimator.kneighbors(table)
        return np.asarray(distances[:, -1])
