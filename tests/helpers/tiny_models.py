"""Every kind of network, small enough to build and train in a second or two."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

import numpy as np

from aemodels.core.interfaces import FitContext, FitResult
from aemodels.core.types import Section
from aemodels.denoisers.registry import DenoiserSpec, Network
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.noise import Gaussian
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section

SEED = 11
TRAINING = TrainingSpec(
    epochs=1, batch=16, stride=4, learning_rate=0.005, schedule="constant", noise=(Gaussian(factor=0.3),)
)
WINDOW = WindowSpec(length=32, stride=16)
CONVOLUTIONS: dict[str, Any] = {"window": WINDOW, "widths": (4, 6), "kernel": 3}
SMALL: dict[str, dict[str, Any]] = {
    "dense": {"window": WINDOW, "widths": (8,), "latent": 4},
    "sparse": {"window": WINDOW, "latent": 8},
    "deep": {"window": WINDOW, "widths": (8, 6), "latent": 4},
    "conv1d": {**CONVOLUTIONS, "latent": 4},
    "conv2d": {**CONVOLUTIONS, "window": WindowSpec(length=16, stride=8, width=4), "latent": 4},
    "lstm": {"window": WindowSpec(length=16, stride=8), "latent": 4},
    "vae": {"window": WINDOW, "widths": (8,), "latent": 4},
    "vae_conv": {**CONVOLUTIONS, "latent": 4},
    "masked": CONVOLUTIONS,
    "unet": CONVOLUTIONS,
}
KINDS = get_args(get_args(DenoiserSpec)[0])
NETWORKS = {kind.model_fields["kind"].default: kind for kind in get_args(Network)}


def tiny(kind: str, **changes: Any) -> Any:
    """The spec of a small network of a kind."""
    return NETWORKS[kind](**{"training": TRAINING, **SMALL[kind], **changes})


def section(channels: int, samples: int = 300, seed: int = 0) -> Section:
    """A random walk in each channel."""
    rng = np.random.default_rng(seed)
    return make_section(np.cumsum(rng.normal(0, 0.05, (channels, samples)), axis=1))


@cache
def trained(kind: str, channels: int) -> FitResult:
    """A small network after one epoch; once a process, whoever asks."""
    sections = [section(channels, seed=n) for n in range(3)]
    return tiny(kind).fit(sections, [section(channels, seed=9)], FitContext("logs", SEED))


def inputs(spec: Any, features: int) -> np.ndarray:
    """Return network inputs of three windows, with a tenth of the samples missing."""
    rng = np.random.default_rng(4)
    values = rng.normal(0.5, 0.3, (3, spec.window.length, features)).astype(np.float32)
    affine = np.array([0.4, 0.8], dtype=np.float32)
    return np.asarray(spec.inputs(values, rng.random(values.shape) < 0.9, affine))


def with_known_weights(network: Any) -> Any:
    """The network with weights that are the same numbers on every backend."""
    rng = np.random.default_rng(5)
    sizes = [weight.shape for weight in network.get_weights()]
    network.set_weights([rng.uniform(0.02, 0.2, size).astype(np.float32) for size in sizes])
    return network
