"""Inference: windows in large batches of one traced shape, or whole signals of any size in one pass."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from aemodels.core.types import FloatArray

# Elements of one input batch: large enough to keep the cores busy, small enough for a few hundred MB of activations.
_BATCH_ELEMENTS = 1_500_000
# Samples of one channel that a network without windows is given at a time. At full resolution it keeps about a hundred
# numbers per sample.
_BLOCK_SAMPLES = 1_000_000
_LONGEST_TRACE = 8192  # samples of a panel in one block
_GRID = 256  # sizes are padded to multiples of it: kernels are prepared once per size


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
    """Return the output of a network that takes signals of any size, for one whole signal.

    A large signal is processed in blocks that overlap by the reach of the network, with the same result.

    Args:
        network: a built model from [1, *size, input] to [1, *size, output].
        inputs: float32[*size, input].
        cache: keeps the compiled function between calls.
        reach: positions on either side of one that its output depends on, a multiple of `step`.
        step: the network takes sizes that are multiples of it.

    Returns:
        float32[*size, output].
    """
    call = _call(network, cache)
    size = inputs.shape[:-1]
    out: FloatArray | None = None
    for spans in itertools.product(
        *(_spans(*axis, reach) for axis in zip(size, _limits(size, reach, step), strict=True))
    ):
        block = inputs[tuple(slice(span.start, span.stop) for span in spans)]
        grid = math.lcm(_GRID, step) if len(size) == 1 else step
        padding = [(0, -length % grid) for length in block.shape[:-1]]
        found = keras.ops.convert_to_numpy(call(np.pad(block, [*padding, (0, 0)])[None]))[0]
        if out is None:
            out = np.empty((*size, found.shape[-1]), dtype=np.float32)
        inside = tuple(slice(span.first - span.start, span.last - span.start) for span in spans)
        out[tuple(slice(span.first, span.last) for span in spans)] = found[inside]
    assert out is not None, "a signal has at least one sample"
    return out


@dataclass(frozen=True)
class _Span:
    """A block along one axis: positions `start` to `stop` are given to the network, `first` to `last` are kept."""

    start: int
    stop: int
    first: int
    last: int


def _limits(size: tuple[int, ...], reach: int, step: int) -> Iterator[int]:
    """Yield the largest number of positions kept of a block on each axis, a multiple of `step`."""
    elements = _BLOCK_SAMPLES
    for number, length in enumerate(size, start=1):
        limit = elements if number == len(size) else _LONGEST_TRACE
        limit = max((limit - 2 * reach) // step * step, step)
        yield limit
        elements //= max(min(length, limit + 2 * reach), 1)


def _spans(length: int, limit: int, reach: int) -> list[_Span]:
    return [
        _Span(max(first - reach, 0), min(first + limit + reach, length), first, min(first + limit, length))
        for first in range(0, length, limit)
    ]


def _call(network: keras.Model, cache: dict[str, Any]) -> Any:
    """Return the compiled network, from the cache or into it."""
    if "call" not in cache:
        cache["call"] = _compiled(network)
    return cache["call"]


def _compiled(network: keras.Model) -> Any:
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
