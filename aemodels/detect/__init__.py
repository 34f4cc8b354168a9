"""Detectors and thresholds: the registry of both."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.detect.forest import IsolationForest
from aemodels.detect.reconstruction import PcaReconstruction, Reconstruction
from aemodels.detect.thresholds import ThresholdSpec
from aemodels.detect.trace_bank import TraceBank

DetectorSpec: TypeAlias = Annotated[
    Reconstruction | PcaReconstruction | IsolationForest | TraceBank, Field(discriminator="kind")
]

__all__ = ["DetectorSpec", "IsolationForest", "PcaReconstruction", "Reconstruction", "ThresholdSpec", "TraceBank"]
