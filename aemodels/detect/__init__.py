"""Detectors and thresholds: the registry of both."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.core.spec import earlier_kinds
from aemodels.detect.cross_curve.bad_hole import BadHole
from aemodels.detect.cross_curve.residual import CrossCurve
from aemodels.detect.depth_shift.lag import Lag
from aemodels.detect.depth_shift.search import ShiftSearch
from aemodels.detect.fault_network.network import FaultNetwork
from aemodels.detect.fault_network.open_set_network import OpenSetNetwork
from aemodels.detect.fusion.fusion import Fusion
from aemodels.detect.outliers.isolation_forest import IsolationForest
from aemodels.detect.outliers.knn import Knn
from aemodels.detect.outliers.lof import Lof
from aemodels.detect.outliers.one_class_svm import OneClassSvm
from aemodels.detect.reconstruction.error import PcaReconstruction, Reconstruction
from aemodels.detect.reconstruction.vae_probability import VaeProbability
from aemodels.detect.rules.rules import Rules
from aemodels.detect.thresholds import ThresholdSpec
from aemodels.detect.traces.ensemble import TraceEnsemble

WellDetector: TypeAlias = BadHole | CrossCurve | FaultNetwork | Lag | OpenSetNetwork | Rules | ShiftSearch
OutlierDetector: TypeAlias = IsolationForest | Knn | Lof | OneClassSvm
ReconstructionErrorDetector: TypeAlias = Reconstruction | PcaReconstruction | VaeProbability
DetectorSpec: TypeAlias = Annotated[
    ReconstructionErrorDetector | OutlierDetector | WellDetector | TraceEnsemble | Fusion,
    Field(discriminator="kind"),
    earlier_kinds({"stranger_network": "open_set_network", "trace_bank": "trace_ensemble"}),
]

__all__ = [
    "BadHole",
    "CrossCurve",
    "DetectorSpec",
    "FaultNetwork",
    "Fusion",
    "IsolationForest",
    "Knn",
    "Lag",
    "Lof",
    "OneClassSvm",
    "OpenSetNetwork",
    "PcaReconstruction",
    "Reconstruction",
    "Rules",
    "ShiftSearch",
    "ThresholdSpec",
    "TraceEnsemble",
    "VaeProbability",
]
