"""Distance to the k-th nearest training row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.detect.base import Detector
from aemodels.detect.points import PointsBase, Scaling, attribute_table, spread_rows
from aemodels.types import FloatArray, Kind, Section

if TYPE_CHECKING:
    from sklearn.neighbors import NearestNeighbors


class Knn(PointsBase):
    """Distance of a row to the k-th nearest of the training rows, in robust standard deviations.

    References:
        Ramaswamy, Rastogi & Shim (2000), Efficient Algorithms for Mining Outliers from Large Data Sets, SIGMOD.
    """

    kind: Literal["knn"] = "knn"
    neighbours: int = Field(default=5, ge=1, le=500, description="which neighbour's distance counts")

    @override
    def _detector(self, points: FloatArray, scaling: Scaling, kind: Kind) -> Detector:
        from sklearn.neighbors import NearestNeighbors

        return KnnDetector(
            points,
            scaling,
            kind,
            NearestNeighbors(n_neighbors=min(self.neighbours, len(points)), algorithm="brute").fit(points),
        )


@dataclass(frozen=True, eq=False)
class KnnDetector:
    """Training rows float32[row, attribute], their scaling, and the index that they make."""

    points: FloatArray
    scaling: Scaling
    kind: Kind
    index: NearestNeighbors

    def score(self, section: Section) -> FloatArray:
        table = self.scaling.apply(attribute_table(section, self.kind))
        distances, _ = self.index.kneighbors(table)
        return spread_rows(distances[:, -1].astype(np.float32), section, self.kind)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"points": self.points, **self.scaling.arrays()}
