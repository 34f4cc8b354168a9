"""Distance to the k-th nearest training row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.detect.base import DetectContext, Detector
from aemodels.detect.points import Scaling, attribute_table, spread_rows, training_points
from aemodels.spec import Spec
from aemodels.types import FloatArray, Kind, Section

if TYPE_CHECKING:
    from sklearn.neighbors import NearestNeighbors


class Knn(Spec):
    """Distance of a row to the k-th nearest of the training rows, in robust standard deviations.

    References:
        Ramaswamy, Rastogi & Shim (2000), Efficient Algorithms for Mining Outliers from Large Data Sets, SIGMOD.
    """

    kind: Literal["knn"] = "knn"
    neighbours: int = Field(default=5, ge=1, le=500, description="which neighbour's distance counts")
    rows: int = Field(default=2000, ge=50, le=200_000, description="training rows at most, drawn at random")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        points, scaling = training_points(train, context, self.rows)
        return self._detector(points, scaling, context.kind)

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        return self._detector(arrays["points"], Scaling(arrays["middle"], arrays["spread"]), context.kind)

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
