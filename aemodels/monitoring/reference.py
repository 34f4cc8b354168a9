"""Reference distributions of every feature, group by group, and the PCA subspace of the training windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.types import AxisArray, BoolArray, Kind
from aemodels.monitoring.histogram import BinnedCounts
from aemodels.monitoring.pca_subspace import Subspace

SCORE = "score"
PCA_ERROR = "pca_error"
FILES_LACK = 0.95  # a file lacks a curve if more than this share of its rows has no value


@dataclass(frozen=True, eq=False)
class Feature:
    """Distribution of one feature in each group of the reference.

    Args:
        edges: float64[edge], inner edges of the bins, ascending: quantiles of the reference's values.
        counts: float64[group, edge + 1].
        missing: float64[group], rows without a value.
        totals: float64[group], sums of the values.
    """

    edges: AxisArray
    counts: AxisArray
    missing: AxisArray
    totals: AxisArray

    def __post_init__(self) -> None:
        groups = len(self.missing)
        if self.counts.shape != (groups, self.edges.size + 1) or self.totals.shape != (groups,):
            raise DataError(
                f"reference counts {self.counts.shape} do not fit {self.edges.size} edges and {groups} groups"
            )

    def pooled(self, members: BoolArray) -> BinnedCounts:
        """Return the counts of the groups in `members`, bool[group], added up."""
        missing, total = float(self.missing[members].sum()), float(self.totals[members].sum())
        return BinnedCounts(self.counts[members].sum(axis=0), missing, total)


@dataclass(frozen=True, eq=False)
class Reference:
    """Distributions of a bundle's training and validation data.

    A group is a well, or a run of neighbouring traces. Samples within a group are far from independent, so that new
    data are compared with the spread between groups.

    Args:
        kind: "logs" or "seismic".
        groups: their names.
        unseen: bool[group], True = validation.
        features: curves (logs) or trace features (seismic), then "score" and "pca_error" → their distributions.
        rows: float64[group], rows with a score.
        flagged: float64[group], anomalous rows.
        subspace: PCA of the windows.
    """

    kind: Kind
    groups: tuple[str, ...]
    unseen: BoolArray
    features: Mapping[str, Feature]
    rows: AxisArray
    flagged: AxisArray
    subspace: Subspace

    @property
    def inputs(self) -> tuple[str, ...]:
        """The features of the input data: curves, or trace features."""
        return tuple(name for name in self.features if name not in {SCORE, PCA_ERROR})

    def members(self, name: str) -> BoolArray:
        """Return bool[group], the groups that new data are compared with: for scores, those of validation if any."""
        only_unseen = name == SCORE and self.unseen.any()
        return self.unseen if only_unseen else np.ones(len(self.groups), dtype=np.bool_)

    def pooled(self, name: str) -> BinnedCounts:
        """Return the counts of the groups in `members` of a feature, added up."""
        return self.features[name].pooled(self.members(name))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all fields as plain arrays, none of them pickled."""
        arrays: dict[str, NDArray[Any]] = {
            "groups": np.array(self.groups),
            "names": np.array(list(self.features)),
            "unseen": self.unseen,
            "rows": self.rows,
            "flagged": self.flagged,
        }
        arrays |= {f"subspace_{name}": array for name, array in self.subspace.arrays().items()}
        for number, feature in enumerate(self.features.values()):
            for part in ("edges", "counts", "missing", "totals"):
                arrays[f"{part}_{number}"] = getattr(feature, part)
        return arrays

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]], kind: Kind) -> Reference:
        """Restore a reference from its `arrays`."""
        features = {
            str(name): Feature(*(arrays[f"{part}_{number}"] for part in ("edges", "counts", "missing", "totals")))
            for number, name in enumerate(arrays["names"])
        }
        prefix = "subspace_"
        fitted = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        return cls(
            kind=kind,
            groups=tuple(str(name) for name in arrays["groups"]),
            unseen=arrays["unseen"],
            features=features,
            rows=arrays["rows"],
            flagged=arrays["flagged"],
            subspace=Subspace.restore(fitted, kind),
        )
