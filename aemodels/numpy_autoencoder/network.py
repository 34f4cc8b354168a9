"""A fully connected autoencoder in plain NumPy, with explicit back-propagation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from aemodels.core.errors import DataError
from aemodels.core.spec import Spec

Array: TypeAlias = NDArray[np.float64]
Layer: TypeAlias = tuple[Array, Array]
Activation: TypeAlias = Literal["sigmoid", "tanh", "relu", "linear"]
# NumPy's legacy generator is accepted too, because the published results were computed with it.
Random: TypeAlias = "np.random.Generator | np.random.RandomState"


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))  # 1 / (1 + exp(-x)) without overflow


# Each activation, and its derivative as a function of its output.
_ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (_sigmoid, lambda y: y * (1 - y)),
    "tanh": (np.tanh, lambda y: 1 - y**2),
    "relu": (lambda x: np.maximum(x, 0), lambda y: (y > 0).astype(np.float64)),
    "linear": (lambda x: x, np.ones_like),
}


class NumpyAutoencoderSpec(Spec):
    """A fully connected autoencoder trained by full-batch gradient descent.

    References:
        Rumelhart, Hinton & Williams (1986), Nature 323, 533 (back-propagation); Glorot & Bengio (2010), AISTATS
        (Xavier initialisation).
    """

    sizes: tuple[int, ...] = Field(min_length=3, description="units of each layer, including input and output")
    activations: tuple[Activation, ...] = Field(description="activation of each layer after the input")
    initial: Literal["xavier_uniform", "xavier_normal"] = Field(
        default="xavier_uniform",
        description="uniform within ±sqrt(6 / (in + out)), or normal with standard deviation sqrt(2 / (in + out)); "
        "biases are 0",
    )
    objective: Literal["mean_squared", "half_squared"] = Field(
        default="mean_squared",
        description="loss: the squared error averaged over samples and features, or half its sum over features "
        "averaged over samples, whose gradient has no factor 2",
    )
    learning_rate: float = Field(default=0.1, gt=0.0, le=100.0, description="step along the negative gradient")
    epochs: int = Field(default=1000, ge=1, le=1_000_000, description="gradient steps, one per epoch")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.activations) != len(self.sizes) - 1 or min(self.sizes) < 1 or self.sizes[0] != self.sizes[-1]:
            raise ValueError(
                f"sizes {self.sizes} with activations {self.activations}; expected as many outputs as inputs, at "
                f"least one unit per layer, and one activation for each layer after the first"
            )
        return self

    @property
    def bottleneck(self) -> int:
        """Index of the narrowest layer, which holds the embedding; 0 = input."""
        return int(np.argmin(self.sizes))

    @property
    def compression(self) -> float:
        """Number of inputs per latent value."""
        return self.sizes[0] / self.sizes[self.bottleneck]

    def draw(self, rng: Random) -> NumpyAutoencoder:
        """Draw an untrained network's weights layer by layer from `rng`."""
        return NumpyAutoencoder(
            self, tuple(self._layer(n_in, n_out, rng) for n_in, n_out in zip(self.sizes, self.sizes[1:], strict=False))
        )

    def _layer(self, n_in: int, n_out: int, rng: Random) -> Layer:
        shape = (n_out, n_in)  # one output unit after the other
        if self.initial == "xavier_uniform":
            limit = np.sqrt(6 / (n_in + n_out))
            weights = rng.uniform(-limit, limit, shape)
        else:
            weights = rng.normal(0, np.sqrt(2 / (n_in + n_out)), shape)
        return np.ascontiguousarray(weights.T), np.zeros(n_out)


@dataclass(frozen=True, eq=False)
class NumpyAutoencoder:
    """A network: its specification and its weights.

    Args:
        spec: layers and training.
        layers: (weights float64[in, out], biases float64[out]) of each layer after the input.
    """

    spec: NumpyAutoencoderSpec
    layers: tuple[Layer, ...]

    def encode(self, x: Array) -> Array:
        """Return the latent values float64[sample, unit] of samples float64[sample, feature]."""
        return self.outputs(x)[self.spec.bottleneck]

    def decode(self, latent: Array) -> Array:
        """Return samples float64[sample, feature] decoded from latent values float64[sample, unit]."""
        return self._run(latent, start=self.spec.bottleneck)[-1]

    def reconstruct(self, x: Array) -> Array:
        """Return the reconstruction of samples float64[sample, feature]."""
        return self.outputs(x)[-1]

    def outputs(self, x: Array) -> list[Array]:
        """Return the outputs of all layers, the input first.

        Raises:
            DataError: if the number of features is not that of the network's inputs.
        """
        if x.ndim != 2 or x.shape[1] != self.spec.sizes[0]:
            raise DataError(f"samples of shape {x.shape}; expected [sample, {self.spec.sizes[0]}]")
        return self._run(x, start=0)

    def loss(self, x: Array) -> float:
        """Return the objective."""
        error = self.reconstruct(x) - x
        return _objective(self.spec, error)

    def gradients(self, x: Array) -> tuple[Layer, ...]:
        """Return the gradients of the objective by the weights and biases of every layer, by back-propagation.

        The gradient at the output is propagated back layer by layer: multiplied by the derivative of the activation,
        then by the transposed weights; the gradient of a weight is its input times the gradient at its output.
        """
        return _back(self, self.outputs(x), x)

    def train(self, x: Array) -> tuple[NumpyAutoencoder, Array]:
        """Train for all epochs.

        Args:
            x: float64[sample, feature].

        Returns:
            The trained network, and the mean squared error before each step, float64[epoch].
        """
        network, errors = self, np.empty(self.spec.epochs)
        for epoch in range(self.spec.epochs):
            outputs = network.outputs(x)
            errors[epoch] = np.mean((outputs[-1] - x) ** 2)
            network = network._step(_back(network, outputs, x))
        return network, errors

    def _step(self, gradients: Sequence[Layer]) -> NumpyAutoencoder:
        rate = self.spec.learning_rate
        pairs = zip(self.layers, gradients, strict=True)
        return NumpyAutoencoder(self.spec, tuple((w - rate * dw, b - rate * db) for (w, b), (dw, db) in pairs))

    def _run(self, x: Array, *, start: int) -> list[Array]:
        outputs = [x]
        for (weights, biases), name in zip(self.layers[start:], self.spec.activations[start:], strict=True):
            outputs.append(_ACTIVATIONS[name][0](outputs[-1] @ weights + biases))
        return outputs


def _back(network: NumpyAutoencoder, outputs: Sequence[Array], x: Array) -> tuple[Layer, ...]:
    delta = _slope(network.spec, outputs[-1] - x)
    gradients: list[Layer] = []
    for layer in reversed(range(len(network.layers))):
        derivative = _ACTIVATIONS[network.spec.activations[layer]][1](outputs[layer + 1])
        before = delta * derivative  # gradient by the layer's output before its activation
        gradients.append((outputs[layer].T @ before, before.sum(axis=0)))
        delta = before @ network.layers[layer][0].T
    return tuple(reversed(gradients))


def _objective(spec: NumpyAutoencoderSpec, error: Array) -> float:
    if spec.objective == "mean_squared":
        return float(np.mean(error**2))
    return float(0.5 * np.sum(error**2) / len(error))


def _slope(spec: NumpyAutoencoderSpec, error: Array) -> Array:
    """Return the derivative of the objective by every output."""
    return 2 * error / error.size if spec.objective == "mean_squared" else error / len(error)
