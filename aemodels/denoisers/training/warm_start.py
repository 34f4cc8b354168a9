"""Training that starts from the weights of a fitted network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import WarmStart
from aemodels.core.spec import Spec
from aemodels.denoisers.training.architecture import Architecture

if TYPE_CHECKING:
    import keras

# What may differ from the network that a training starts from: how it is trained and applied, not what it is. Windows
# count by the shapes of the weights alone.
_FREE = {"training", "loss", "mirror", "window"}
REMEDY = "give it the bundle's values, or another name to train it from nothing"
A = TypeVar("A", bound=Architecture)


@runtime_checkable
class FittedNetwork(Protocol):
    """A trained network as `denoisers.networks.denoiser.NetworkDenoiser`."""

    @property
    def spec(self) -> Architecture: ...

    @property
    def weights(self) -> tuple[NDArray[Any], ...]: ...

    @property
    def affine(self) -> NDArray[np.float32]: ...


@dataclass(frozen=True, eq=False)
class StartingWeights:
    """Weights that a training starts from.

    Args:
        weights: arrays in the order of keras' `get_weights`.
        source: name of their bundle, for messages.
    """

    weights: tuple[NDArray[Any], ...]
    source: str

    def set_weights(self, network: keras.Model) -> None:
        """Set the weights of a network to these.

        Raises:
            SpecError: if a shape differs; names the first array that does, and the remedy.
        """
        wanted = [(variable.path, tuple(variable.shape)) for variable in network.weights]
        found = [array.shape for array in self.weights]
        if [shape for _, shape in wanted] != found:
            pairs = zip(wanted, found, strict=False)
            differing = [
                f"{path} is {shape} here and {other} there" for (path, shape), other in pairs if shape != other
            ]
            counts = f"{len(wanted)} arrays here and {len(found)} there"
            raise SpecError(
                f"the network cannot start from that of {self.source}: {(differing or [counts])[0]}; expected the "
                f"bundle's curves and windows: {REMEDY}"
            )
        network.set_weights(list(self.weights))


@dataclass(frozen=True, eq=False)
class StartingNetwork(StartingWeights):
    """Weights of a denoiser that a training starts from.

    Args:
        affine: float32[2], offset and gain that the weights belong to.
    """

    affine: NDArray[np.float32]

    @classmethod
    def of(cls, spec: Architecture, start: WarmStart[Any]) -> StartingNetwork:
        """Return the network to start from.

        Args:
            spec: of the network to train.
            start: a fitted network of the same architecture.

        Raises:
            SpecError: if it is not a network, or one of another architecture.
        """
        found = start.fitted
        if not isinstance(found, FittedNetwork):
            raise SpecError(f"{start.source} has a {type(found).__name__} by this name; expected a network: {REMEDY}")
        check_same(spec, found.spec, start.source, free=_FREE)
        return cls(found.weights, start.source, found.affine)


def shortened(spec: A, start: WarmStart[Any]) -> A:
    """Return the network with a training of fewer epochs and a lower learning rate."""
    training = spec.training
    changed = {
        "epochs": start.shortened(training.epochs),
        "learning_rate": training.learning_rate * start.learning_rate,
    }
    return spec.model_copy(update={"training": training.model_copy(update=changed)})


def check_same(spec: Spec, other: Spec, source: str, *, free: set[str]) -> None:
    """Check that a network is what the one to start from is.

    Args:
        spec: of the network to train.
        other: of the network to start from.
        source: name of its bundle.
        free: fields that may differ.

    Raises:
        SpecError: names each field that differs, with both values and the remedy.
    """
    own, theirs = (one.model_dump(mode="json", exclude=free) for one in (spec, other))
    differing = [
        f"{name} is {own.get(name)} here and {theirs.get(name)} there"
        for name in {**own, **theirs}
        if own.get(name) != theirs.get(name)
    ]
    if differing:
        raise SpecError(f"the network cannot start from that of {source}: {'; '.join(differing)}; {REMEDY}")
