"""Detectors and thresholds: the registry of both."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.detect.forest import IsolationForest
from aemodels.detect.reconstruction import PcaReconstruction, Reconstruction
from aemodels.detect.thresholds import ThresholdSpec

DetectorSpec: TypeAlias = Annotated[Reconstruction | PcaReconstruction | IsolationForest, Field(discriminator="kind")]

__all__ = ["DetectorSpec", "IsolationForest", "PcaReconstruction", "Reconstruction", "ThresholdSpec"]
