"""Run by tests/contract/test_jax.py in a process of its own: every kind of network on Keras' JAX backend.

Writes what each gives to the file named as the argument.
"""

from __future__ import annotations

import sys

import keras
import numpy as np

from helpers.tiny_models import NETWORKS, inputs, tiny, with_known_weights

FEATURES = 2


def main(path: str) -> None:
    if keras.backend.backend() != "jax":
        raise SystemExit(f"the backend is {keras.backend.backend()}; expected jax: set KERAS_BACKEND")
    networks = {kind: with_known_weights(tiny(kind).build(FEATURES)) for kind in NETWORKS}
    outputs = {kind: network.predict_on_batch(inputs(tiny(kind), FEATURES)) for kind, network in networks.items()}
    np.savez(path, **outputs)


if __name__ == "__main__":
    main(sys.argv[1])
