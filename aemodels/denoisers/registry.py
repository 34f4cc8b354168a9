"""Registry of denoisers: networks, linear models and classical filters in one discriminated union."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.interfaces import Denoiser, FitContext, FitResult, WarmStart
from aemodels.core.spec import Spec, earlier_kinds
from aemodels.core.types import Section
from aemodels.denoisers.filters_1d.bandpass import BandPass
from aemodels.denoisers.filters_1d.gaussian import GaussianFilter
from aemodels.denoisers.filters_1d.hampel import Hampel
from aemodels.denoisers.filters_1d.interpolate import Interpolate
from aemodels.denoisers.filters_1d.median import Median
from aemodels.denoisers.filters_1d.savgol import SavitzkyGolay
from aemodels.denoisers.filters_1d.wavelet import Wavelet
from aemodels.denoisers.filters_1d.wiener import Wiener
from aemodels.denoisers.filters_2d.fx_deconvolution import FxDeconvolution
from aemodels.denoisers.filters_2d.gaussian import PanelGaussian
from aemodels.denoisers.filters_2d.median import PanelMedian
from aemodels.denoisers.filters_2d.wavelet import PanelWavelet
from aemodels.denoisers.filters_2d.wiener import PanelWiener
from aemodels.denoisers.guarded.calibration import channel_groups, guard
from aemodels.denoisers.guarded.guards import Calibration, GuardedDenoiser, GuardedParts, Guards
from aemodels.denoisers.guarded.spike_gate import SpikeGate
from aemodels.denoisers.linear.co_kriging import CoKriging
from aemodels.denoisers.linear.pca import Pca, PcaWiener
from aemodels.denoisers.linear.ridge import RidgeFir
from aemodels.denoisers.networks.conv1d import Conv1d
from aemodels.denoisers.networks.conv2d import Conv2d
from aemodels.denoisers.networks.deep import DeepDense
from aemodels.denoisers.networks.dense import Dense
from aemodels.denoisers.networks.lstm import Lstm
from aemodels.denoisers.networks.masked import Masked
from aemodels.denoisers.networks.sparse import Sparse
from aemodels.denoisers.networks.unet import UNet
from aemodels.denoisers.networks.vae import Vae
from aemodels.denoisers.networks.vae_conv import VaeConv
from aemodels.denoisers.training.architecture import Architecture
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.denoisers.training.warm_start import StartingNetwork

Linear: TypeAlias = Pca | PcaWiener | RidgeFir | CoKriging
AlongSamples: TypeAlias = SavitzkyGolay | Median | GaussianFilter | Wavelet | Wiener | Hampel | BandPass | Interpolate
OverPanels: TypeAlias = PanelMedian | PanelGaussian | PanelWiener | PanelWavelet | FxDeconvolution
Network: TypeAlias = Dense | Sparse | DeepDense | Conv1d | Conv2d | Lstm | Vae | VaeConv | Masked | UNet
Plain: TypeAlias = Network | Linear | AlongSamples | OverPanels


class Guarded(Spec):
    """A denoiser with guards: a spike gate before it, gap filling after it, and its change limited to the noise.

    Spikes are masked, so that the inner denoiser treats them as missing. Missing samples are a weighted mean of the
    inner denoiser, interpolation and the filler; the weights and the half-widths of the prediction intervals are
    fitted on validation sections.
    """

    earlier_names: ClassVar[Mapping[str, str]] = {"gate": "spike_gate"}

    kind: Literal["guarded"] = "guarded"
    inner: Annotated[Plain, Field(discriminator="kind")] = Field(
        description="kind and parameters of the inner denoiser"
    )
    spike_gate: SpikeGate | None = Field(default=SpikeGate(), description="criteria for a spike; null for traces")
    filler: CoKriging | None = Field(
        default=CoKriging(),
        description="additional gap filler beside the inner denoiser and interpolation; null for traces",
    )
    limit: float = Field(
        default=0.99, gt=0.0, le=10.0, description="maximum RMS change, in estimated noise standard deviations"
    )

    @property
    def training(self) -> TrainingSpec | None:
        """Training of the inner network; None if the inner denoiser is not a network."""
        return getattr(self.inner, "training", None)

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        result = self.inner.fit(train, validation, _inner_context(context))
        filler = self.filler.fit(train, validation, context).denoiser if self.filler else None
        guards = Guards(spike_gate=self.spike_gate, limit=self.limit, groups=channel_groups(validation, context))
        denoiser = guard(GuardedParts(result.denoiser, filler), guards, validation, context)
        calibrated = sum(array.size for array in denoiser.calibration.arrays().values())
        return replace(result, denoiser=denoiser, parameters=result.parameters + calibrated)

    def restore(self, arrays: dict[str, NDArray[Any]]) -> Denoiser:
        calibration = Calibration(levels=arrays["levels"], blend=arrays["blend"], widths=arrays["widths"])
        guards = Guards(spike_gate=self.spike_gate, limit=self.limit, groups=calibration.groups)
        filler = self.filler.restore(_without_prefix(arrays, "filler_")) if self.filler else None
        return GuardedDenoiser(
            GuardedParts(self.inner.restore(_without_prefix(arrays, "inner_")), filler), guards, calibration
        )


def _inner_context(context: FitContext) -> FitContext:
    """Return the context of the inner denoiser's fit."""
    return context if context.start is None else replace(context, start=_inner_start(context.start))


def _inner_start(start: WarmStart[Denoiser]) -> WarmStart[Denoiser]:
    """Return the start of the inner denoiser."""
    return replace(start, fitted=start.fitted.parts.inner) if isinstance(start.fitted, GuardedDenoiser) else start


def _without_prefix(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


DenoiserSpec: TypeAlias = Annotated[Plain | Guarded, Field(discriminator="kind"), earlier_kinds({"gated": "guarded"})]


def can_start(model: Plain | Guarded, start: WarmStart[Denoiser]) -> bool:
    """Return True if a denoiser is a network, whose training can start from a fitted one; False for other methods.

    Raises:
        SpecError: if it is a network, and the fitted denoiser is not, or has another architecture.
    """
    network = model.inner if isinstance(model, Guarded) else model
    if not isinstance(network, Architecture):
        return False
    StartingNetwork.of(network, start if network is model else _inner_start(start))
    return True


def is_network(model: Plain | Guarded) -> bool:
    """Return True if a denoiser is a network, with guards or without."""
    return isinstance(model.inner if isinstance(model, Guarded) else model, Architecture)
