"""Local outlier factor: how much thinner the training rows lie around a row than around its neighbours."""

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
    from sklearn.neighbors import LocalOutlierFactor


class Lof(PointsBase):
    """Local outlier factor of a row among training rows.

    References:
        Breunig, Kriegel, Ng & Sander (2000), LOF: Identifying Density-Based Local Outliers, SIGMOD.
    """

    kind: Literal["lof"] = "lof"
    neighbours: int = Field(default=20, ge=1, le=500, description="neighbours that a row is compared with")

    @override
    def _detector(self, points: FloatArray, scaling: Scaling, kind: Kind) -> Detector:
        from sklearn.neighbors import LocalOutlierFactor

        neighbours = min(self.neighbours, len(points) - 1)
        return LofDetector(
            points,
            scaling,
            kind,
            LocalOutlierFactor(n_neighbors=neighbours, novelty=True, algorithm="brute").fit(points),
        )


@dataclass(frozen=True, eq=False)
class LofDetector:
    """Training rows float32[row, attribute], their scaling, and the estimator that they make."""

    points: FloatArray
    scaling: Scaling
    kind: Kind
    estimator: LocalOutlierFactor

    def score(self, section: Section) -> FloatArray:
        table = self.scaling.apply(attribute_table(section, self.kind))
        # the factor grows without bound where training rows coincide
        factor = np.minimum(-self.estimator.score_samples(table), 1e6)
        return spread_rows(factor.astype(np.float32), section, self.kind)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"points": self.points, **self.scaling.arrays()}
