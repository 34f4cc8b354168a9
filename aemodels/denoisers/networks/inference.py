"""Inference with Keras: windows in large batches of one traced shape, or whole signals of any size in one pass."""

from __future__ import annotations

import logging
import math
from typing import Any

import keras
import numpy as np

from aemodels.core.types import FloatArray
from aemodels.denoisers.whole_signal import pass_over

# Elements of one input batch: large enough to keep the cores busy, small enough for a few hundred MB of activations.
_BATCH_ELEMENTS = 1_500_000


def predict(network: keras.Model, inputs: FloatArray, cache: dict[str, Any]) -> FloatArray:
    """Return the network's output for all windows; the last batch is padded, so that only one shape is traced.

    Args:
        network: a built model.
        inputs: float32[window, ...].
        cache: keeps the compiled function between calls.
    """
    size = int(np.clip(_BATCH_ELEMENTS // math.prod(inputs.shape[1:]), 1, 4096))
    size = min(size, 1 << (len(inputs) - 1).bit_length())  # few windows: the next power of two, not a full batch
    call = _call(network, cache)
    blocks = []
    for start in range(0, len(inputs), size):
        block = inputs[start : start + size]
        padded = np.pad(block, [(0, size - len(block))] + [(0, 0)] * (block.ndim - 1))
        blocks.append(keras.ops.convert_to_numpy(call(padded))[: len(block)])
    return np.concatenate(blocks)


def predict_whole(
    network: keras.Model, inputs: FloatArray, cache: dict[str, Any], *, reach: int, step: int
) -> FloatArray:
    """Return the output of a network for one whole signal (see `pass_over`).

    Args:
        network: a built model from [1, *size, input] to [1, *size, output].
        inputs: float32[*size, input].
        cache: keeps the compiled function between calls.
        reach: as for `pass_over`.
        step: as for `pass_over`.
    """
    return pass_over(_call(network, cache), inputs, reach=reach, step=step)


def _call(network: keras.Model, cache: dict[str, Any]) -> Any:
    """Return the compiled network, from the cache or into it."""
    if "call" not in cache:
        cache["call"] = compiled(network)
    return cache["call"]


def compiled(network: keras.Model) -> Any:
    """Return the network as one compiled function of inputs of its shape, of which sizes may be unknown."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(lambda x: network(x, training=False))
    if keras.backend.backend() != "tensorflow":
        return network
    import tensorflow as tf

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of many traced functions: one per network
    signature = [tf.TensorSpec(network.inputs[0].shape, tf.float32)]
    return tf.function(lambda x: network(x, training=False), input_signature=signature)
