"""Protocols of noises and denoisers; other modules depend on these, not on classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray, Kind, Section

EpochCallback = Callable[[int, dict[str, float]], None]
Fit_co = TypeVar("Fit_co", covariant=True)


class Noise(Protocol):
    """Corruption of normalised windows; see `noise.base.NoiseBase.apply`."""

    @property
    def kind(self) -> str: ...

    def apply(self, values: FloatArray, mask: BoolArray, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]: ...


class Denoiser(Protocol):
    """A fitted denoiser."""

    def denoise(self, section: Section) -> FloatArray:
        """Return denoised values float32[channel, sample] in normalised units, finite everywhere."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the fitted state as plain numeric arrays, the input of the spec's `restore`."""
        ...


@dataclass(frozen=True, eq=False)
class WarmStart(Generic[Fit_co]):
    """A fit to start another one from, which then needs fewer steps of a smaller size.

    Args:
        fitted: the denoiser or detector of the same name in a bundle.
        source: name of the bundle, for messages.
        share: share of the epochs or steps of a fit from nothing.
        learning_rate: factor on the initial learning rate.
    """

    fitted: Fit_co
    source: str
    share: float = 1.0
    learning_rate: float = 1.0

    def shortened(self, count: int) -> int:
        """Return the share of a number of epochs, steps or copies: at least one, and none of none."""
        return max(1, round(count * self.share)) if count else 0


@dataclass(frozen=True)
class FitContext:
    """Context of a fit.

    Args:
        kind: "logs" or "seismic".
        seed: root seed of the fit.
        tuning: noise combinations for which classical methods are tuned on validation sections.
        on_epoch: called after each training epoch with its number (from 0) and metrics.
        checkpoint: file with the state after the last finished epoch; if it exists, training resumes from it.
        start: fitted denoiser whose weights a network starts from; None = from nothing. Other methods ignore it.
        elsewhere: normalised wells of other basins; networks draw a part of their windows from them if they are
            specified so (`TrainingSpec.elsewhere_share`), other methods ignore them.
    """

    kind: Kind
    seed: int
    tuning: tuple[tuple[Noise, ...], ...] = ()
    on_epoch: EpochCallback | None = None
    checkpoint: Path | None = None
    start: WarmStart[Denoiser] | None = None
    elsewhere: tuple[Section, ...] = ()


@dataclass(frozen=True, eq=False)
class FitResult:
    """A fitted denoiser with the record of its training.

    Args:
        denoiser: the fitted denoiser.
        history: one list per metric, one entry per epoch; empty for methods without epochs.
        parameters: number of fitted parameters.
        dead_units: layer name → number of units whose output is constant; layers without any are omitted.
        resumed: epochs taken over from an interrupted training.
    """

    denoiser: Denoiser
    history: dict[str, list[float]] = field(default_factory=dict)
    parameters: int = 0
    dead_units: dict[str, int] = field(default_factory=dict)
    resumed: int = 0


class DenoiserFactory(Protocol):
    """Methods of every denoiser spec."""

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        """Fit on the training sections; select settings or the epoch on the validation sections."""
        ...

    def restore(self, arrays: dict[str, NDArray[np.generic]]) -> Denoiser:
        """Rebuild a fitted denoiser from `Denoiser.arrays`."""
        ...
