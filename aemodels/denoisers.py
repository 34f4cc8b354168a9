"""The registry of denoisers: networks, linear models and classical filters in one discriminated union."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.models import Dense, Pca, PcaWiener, UNet
from aemodels.signal.classical import GaussianFilter, Median, SavitzkyGolay, Wavelet

DenoiserSpec: TypeAlias = Annotated[
    Dense | UNet | Pca | PcaWiener | SavitzkyGolay | Median | GaussianFilter | Wavelet, Field(discriminator="kind")
]
