"""Two small problems with known results: lines encoded by their slope, and a spiral encoded by one latent value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aemodels.numpy_autoencoder.network import Array, NumpyAutoencoder, NumpyAutoencoderSpec, Random

LINES = NumpyAutoencoderSpec(
    sizes=(3, 2, 1, 2, 3),
    activations=("sigmoid", "sigmoid", "sigmoid", "linear"),
    initial="xavier_uniform",
    learning_rate=0.1,
    epochs=10_000,
)
SPIRAL = NumpyAutoencoderSpec(
    sizes=(2, 1, 2),
    activations=("sigmoid", "sigmoid"),
    initial="xavier_normal",
    objective="half_squared",
    learning_rate=1.0,
    epochs=2000,
)
SPIRAL_SEED = 42
# Published for SPIRAL, to six decimals: mean squared error at an epoch (from 1), then errors of the trained network.
PUBLISHED = {
    "mse at epoch 200": 0.072515,
    "mse at epoch 1000": 0.057983,
    "mse at epoch 2000": 0.036121,
    "final mse": 0.036107,
    "final mae": 0.152370,
    "largest distance": 0.479090,
}
DECIMALS = 6
ABSCISSAE = np.array([-1.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class TrainedProblem:
    """A network trained on a reference problem.

    Args:
        network: trained.
        data: float64[sample, feature], the training data.
        errors: float64[epoch], mean squared error before each step.
    """

    network: NumpyAutoencoder
    data: Array
    errors: Array


@dataclass(frozen=True, eq=False)
class SlopesResult:
    """Relation between slope and latent value of the network trained on lines.

    Args:
        trained: the network trained on lines of `slopes`.
        slopes: float64[sample] of the training lines.
        unseen: float64[sample], slopes of further lines without noise.
        r_squared: R² of the regression of the latent value on the slope, over the training lines.
        monotone: True if the latent value increases, or decreases, with every step of `unseen`.
    """

    trained: TrainedProblem
    slopes: Array
    unseen: Array
    r_squared: float
    monotone: bool


def lines(slopes: Array) -> Array:
    """Return three points on each line through the origin, float64[sample, 3]."""
    return np.asarray(slopes[:, None] * ABSCISSAE)


def train_slopes(seed: int, count: int = 12) -> SlopesResult:
    """Train on noisy lines of slopes drawn from [-2, 2], and relate the latent value to the slope.

    Args:
        seed: of data and weights.
        count: number of training lines.
    """
    rng = np.random.default_rng(seed)
    slopes = rng.uniform(-2, 2, count)
    data = lines(slopes) + rng.normal(0, 0.1, (count, ABSCISSAE.size))
    network, errors = LINES.draw(rng).train(data)
    unseen = np.linspace(-2, 2, 41)
    steps = np.diff(network.encode(lines(unseen))[:, 0])
    latent = network.encode(data)[:, 0]
    return SlopesResult(
        trained=TrainedProblem(network, data, errors),
        slopes=slopes,
        unseen=unseen,
        r_squared=float(np.corrcoef(slopes, latent)[0, 1] ** 2),
        monotone=bool((steps > 0).all() or (steps < 0).all()),
    )


def noisy_spiral(rng: Random, count: int = 500) -> Array:
    """Return one turn of a spiral (radius = angle) with noise of standard deviation 0.3, each axis scaled to [0, 1]."""
    angle = np.linspace(0, 2 * np.pi, count)
    x = angle * np.cos(angle) + rng.normal(0, 0.3, count)
    y = angle * np.sin(angle) + rng.normal(0, 0.3, count)
    points = np.stack([x, y], axis=1)
    return np.asarray((points - points.min(axis=0)) / np.ptp(points, axis=0))


def train_spiral() -> TrainedProblem:
    """Repeat the published training on the spiral, with data and weights from one legacy generator of seed 42."""
    stream = np.random.RandomState(SPIRAL_SEED)
    data = noisy_spiral(stream)
    network, errors = SPIRAL.draw(stream).train(data)
    return TrainedProblem(network, data, errors)


def spiral_metrics(trained: TrainedProblem) -> dict[str, float]:
    """Compute the values that `PUBLISHED` lists."""
    error = trained.network.reconstruct(trained.data) - trained.data
    found = {f"mse at epoch {epoch}": trained.errors[epoch - 1] for epoch in (200, 1000, 2000)}
    found |= {"final mse": np.mean(error**2), "final mae": np.mean(np.abs(error))}
    found["largest distance"] = np.sqrt((error**2).sum(axis=1)).max()
    return {name: float(value) for name, value in found.items()}
