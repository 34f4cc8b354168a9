"""The registry of denoisers: networks, linear models and classical filters in one discriminated union."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.models import Dense, Pca, PcaWiener, UNet
from aemodels.signal.classical import (
    BandPass,
    FxDeconvolution,
    GaussianFilter,
    Hampel,
    Interpolate,
    Median,
    PanelGaussian,
    PanelMedian,
    PanelWavelet,
    PanelWiener,
    RidgeFir,
    SavitzkyGolay,
    Wavelet,
    Wiener,
)

Linear: TypeAlias = Pca | PcaWiener | RidgeFir
AlongSamples: TypeAlias = SavitzkyGolay | Median | GaussianFilter | Wavelet | Wiener | Hampel | BandPass | Interpolate
OverPanels: TypeAlias = PanelMedian | PanelGaussian | PanelWiener | PanelWavelet | FxDeconvolution
DenoiserSpec: TypeAlias = Annotated[Dense | UNet | Linear | AlongSamples | OverPanels, Field(discriminator="kind")]
