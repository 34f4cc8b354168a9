"""Detectors and thresholds: the registry of both."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.detect.bad_hole import BadHole
from aemodels.detect.cross_curve import CrossCurve
from aemodels.detect.fault_network import FaultNetwork
from aemodels.detect.forest import IsolationForest
from aemodels.detect.fusion import Fusion
from aemodels.detect.knn import Knn
from aemodels.detect.lag import Lag
from aemodels.detect.lof import Lof
from aemodels.detect.one_class_svm import OneClassSvm
from aemodels.detect.reconstruction import PcaReconstruction, Reconstruction
from aemodels.detect.rules import Rules
from aemodels.detect.shift_search import ShiftSearch
from aemodels.detect.stranger_network import StrangerNetwork
from aemodels.detect.thresholds import ThresholdSpec
from aemodels.detect.trace_bank import TraceBank
from aemodels.detect.vae_probability import VaeProbability

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
