"""Base class of the network specifications: an architecture that can be fitted and restored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.interfaces import Denoiser, FitContext, FitResult
from aemodels.core.types import Section
from aemodels.denoisers.networks.denoiser import NetworkDenoiser
from aemodels.denoisers.training.architecture import Architecture


class NetworkBase(Architecture):
    """An architecture with `fit` and `restore`."""

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        from aemodels.denoisers.training.loop import train_network

        trained = train_network(self, train, validation, context)
        return FitResult(
            denoiser=NetworkDenoiser(self, trained.weights, trained.affine, trained.features),
            history=trained.history,
            parameters=trained.parameters,
            dead_units=trained.dead_units,
            resumed=trained.resumed,
        )

    def restore(self, arrays: dict[str, NDArray[Any]]) -> Denoiser:
        count = sum(name.startswith("weight_") for name in arrays)
        weights = [np.asarray(arrays[f"weight_{index:03d}"]) for index in range(count)]
        return NetworkDenoiser(
            spec=self, weights=tuple(weights), affine=arrays["affine"], channels=int(arrays["channels"][0])
        )
