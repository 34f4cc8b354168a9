"""The protocols that contenders fulfil; the science speaks to these, never to a class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray, Kind, Section

EpochCallback = Callable[[int, dict[str, float]], None]


class Noise(Protocol):
    """A corruption of normalised windows; see `noise.base.NoiseBase.apply`."""

    @property
    def kind(self) -> str: ...

    def apply(self, values: FloatArray, mask: BoolArray, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]: ...


class Denoiser(Protocol):
    """A fitted denoiser."""

    def denoise(self, section: Section) -> FloatArray:
        """Denoised values float32[channel, sample] in normalised units, finite everywhere."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was fitted, as plain numeric arrays; the spec's `restore` takes them back."""
        ...


@dataclass(frozen=True)
class FitContext:
    """What a contender may know while it is fitted.

    Args:
        kind: "logs" or "seismic".
        seed: root of all its randomness.
        tuning: noise combinations at which classical methods are tuned on validation sections.
        on_epoch: called after each training epoch with its number (from 0) and metrics.
        checkpoint: file that a training keeps its last finished epoch in; where it exists, training goes on from it.
    """

    kind: Kind
    seed: int
    tuning: tuple[tuple[Noise, ...], ...] = ()
    on_epoch: EpochCallback | None = None
    checkpoint: Path | None = None


@dataclass(frozen=True, eq=False)
class FitResult:
    """A fitted denoiser with the record of its training.

    Args:
        denoiser: ready to denoise.
        history: one list a metric, one entry an epoch; empty for methods without epochs.
        parameters: fitted numbers.
        dead_units: layer name → units that give the same for every window; layers without any left out.
        resumed: epochs taken over from a training that died.
    """

    denoiser: Denoiser
    history: dict[str, list[float]] = field(default_factory=dict)
    parameters: int = 0
    dead_units: dict[str, int] = field(default_factory=dict)
    resumed: int = 0


class DenoiserFactory(Protocol):
    """What every denoiser spec offers beside its fields."""

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        """Fit on training sections, choose on validation sections."""
        ...

    def restore(self, arrays: dict[str, NDArray[np.generic]]) -> Denoiser:
        """Rebuild a fitted denoiser from `Denoiser.arrays`."""
        ...
