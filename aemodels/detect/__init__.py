"""Detectors and thresholds: the registry of both."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.detect.cross_curve.bad_hole import BadHole
from aemodels.detect.cross_curve.residual import CrossCurve
from aemodels.detect.depth_shift.lag import Lag
from aemodels.detect.depth_shift.search import ShiftSearch
from aemodels.detect.fault_network.network import FaultNetwork
from aemodels.detect.fault_network.open_set_network import StrangerNetwork
from aemodels.detect.fusion.fusion import Fusion
from aemodels.detect.outliers.isolation_forest import IsolationForest
from aemodels.detect.outliers.knn import Knn
from aemodels.detect.outliers.lof import Lof
from aemodels.detect.outliers.one_class_svm import OneClassSvm
from aemodels.detect.reconstruction.error import PcaReconstruction, Reconstruction
from aemodels.detect.reconstruction.vae_probability import VaeProbability
from aemodels.detect.rules.rules import Rules
from aemodels.detect.thresholds import ThresholdSpec
from aemodels.detect.traces.bank import TraceBank

OfWells: TypeAlias = BadHole | CrossCurve | FaultNetwork | Lag | Rules | ShiftSearch | StrangerNetwork
OfRows: TypeAlias = IsolationForest | Knn | Lof | OneClassSvm
OfErrors: TypeAlias = Reconstruction | PcaReconstruction | VaeProbability
DetectorSpec: TypeAlias = Annotated[OfErrors | OfRows | OfWells | TraceBank | Fusion, Field(discriminator="kind")]

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
    "PcaReconstruction",
    "Reconstruction",
    "Rules",
    "ShiftSearch",
    "StrangerNetwork",
    "ThresholdSpec",
    "TraceBank",
    "VaeProbability",
]
