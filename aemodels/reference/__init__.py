"""What the data looked like that trained a bundle: the yardstick by which drift of new data is measured."""

from __future__ import annotations

from aemodels.reference.build import Part, build_reference
from aemodels.reference.core import FILES_LACK, PCA_ERROR, SCORE, Feature, Reference
from aemodels.reference.subspace import Subspace, fit_subspace
from aemodels.reference.tally import Tally, sketch, tally, tally_sketch
from aemodels.reference.traces import TRACE_FEATURES, trace_features

__all__ = [
    "FILES_LACK",
    "PCA_ERROR",
    "SCORE",
    "TRACE_FEATURES",
    "Feature",
    "Part",
    "Reference",
    "Subspace",
    "Tally",
    "build_reference",
    "fit_subspace",
    "sketch",
    "tally",
    "tally_sketch",
    "trace_features",
]
