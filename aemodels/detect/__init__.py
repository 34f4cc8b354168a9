"""Detectors and thresholds: the registry of both."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.detect.forest import IsolationForest
from aemodels.detect.reconstruction import PcaReconstruction, Reconstruction
from aemodels.detect.thresholds import ThresholdSpec
from aemodels.detect.vae_probability import VaeProbability

DetectorSpec: TypeAlias = Annotated[
    Reconstruction | PcaReconstruction | VaeProbability | IsolationForest, Field(discriminator="kind")
]

__all__ = ["DetectorSpec", "IsolationForest", "PcaReconstruction", "Reconstruction", "ThresholdSpec", "VaeProbability"]
