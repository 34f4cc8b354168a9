"""Inference with one traced input shape and large batches."""

from __future__ import annotations

import logging
import math
from typing import Any

import keras
import numpy as np

from aemodels.core.types import FloatArray

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
    call = cache.setdefault("call", _compiled(network))
    blocks = []
    for start in range(0, len(inputs), size):
        block = inputs[start : start + size]
        padded = np.pad(block, [(0, size - len(block))] + [(0, 0)] * (block.ndim - 1))
        blocks.append(keras.ops.convert_to_numpy(call(padded))[: len(block)])
    return np.concatenate(blocks)


def _compiled(network: keras.Model) -> Any:
    if keras.backend.backend() != "tensorflow":
        return network
    import tensorflow as tf

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of many traced functions: one per network
    return tf.function(lambda x: network(x, training=False), reduce_retracing=True)
