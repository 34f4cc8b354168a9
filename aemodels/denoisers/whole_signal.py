"""One pass of a network over a whole signal, in blocks if it is large."""

from __future__ import annotations

import importlib
import itertools
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from aemodels.core.types import FloatArray

# Samples of one channel that a network without windows is given at a time. At full resolution it keeps about a hundred
# numbers per sample.
_WHOLE_SAMPLES = 1_000_000
_BLOCK_SAMPLES = 600_000  # of a larger one: 0.3 GB less, for a tenth more of the network's work
_LONGEST_TRACE = 8192  # samples of a panel in one block
_GRID = 256  # sizes are padded to multiples of it: kernels are prepared once per size

# From float32[1, *size, input] to [1, *size, output].
Pass: TypeAlias = Callable[[FloatArray], Any]


def keras_is_loaded() -> bool:
    """Return whether this process has Keras already; it takes five seconds and more to start."""
    return "keras" in sys.modules


def load_keras() -> None:
    """Load Keras, for whoever has many signals to come; networks that ran before keep to what they run in."""
    importlib.import_module("keras")


def pass_over(call: Pass, inputs: FloatArray, *, reach: int, step: int) -> FloatArray:
    """Return the output of a network that takes signals of any size, for one whole signal.

    A large signal is processed in blocks that overlap by the reach of the network, with the same result.

    Args:
        call: the network.
        inputs: float32[*size, input].
        reach: positions on either side of one that its output depends on, a multiple of `step`.
        step: the network takes sizes that are multiples of it.

    Returns:
        float32[*size, output].
    """
    size = inputs.shape[:-1]
    out: FloatArray | None = None
    for spans in itertools.product(
        *(_spans(*axis, reach) for axis in zip(size, _limits(size, reach, step), strict=True))
    ):
        block = inputs[tuple(slice(span.start, span.stop) for span in spans)]
        grid = math.lcm(_GRID, step) if len(size) == 1 else step
        padding = [(0, -length % grid) for length in block.shape[:-1]]
        found = np.asarray(call(np.pad(block, [*padding, (0, 0)])[None]))[0]
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
    elements = _WHOLE_SAMPLES if math.prod(size) <= _WHOLE_SAMPLES else _BLOCK_SAMPLES
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
