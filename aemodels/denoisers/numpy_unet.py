"""Forward pass of a trained one-dimensional U-Net in NumPy, so that scoring wells needs no network library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import BundleError
from aemodels.core.types import FloatArray

# Half the coefficients of Abramowitz & Stegun (1964), 7.1.26, and its p for arguments that are not divided by root two.
_TAIL = tuple(np.float32(0.5 * a) for a in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))
_TAIL_SCALE = np.float32(0.3275911 * np.sqrt(0.5))
_TILE = 65_536  # elements that stay in a core's cache


@dataclass(frozen=True, eq=False)
class Filters:
    """A convolution that keeps the signal's size.

    Args:
        kernel: float32[tap, input, output].
        bias: float32[output].
    """

    kernel: FloatArray
    bias: FloatArray

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return float32[sample, output] for float32[sample, input], zeros beyond its ends."""
        taps, inputs, _ = self.kernel.shape
        before = (taps - 1) // 2
        padded = np.zeros((len(x) + taps - 1, inputs), dtype=np.float32)
        padded[before : before + len(x)] = x
        out: FloatArray = np.matmul(padded[: len(x)], self.kernel[0])
        part = np.empty_like(out)
        for tap in range(1, taps):
            np.matmul(padded[tap : tap + len(x)], self.kernel[tap], out=part)
            out += part
        out += self.bias
        return out


@dataclass(frozen=True, eq=False)
class Level:
    """Two convolutions; with `residual` the input is added to their output, by way of `shortcut` if widths differ."""

    first: Filters
    second: Filters
    shortcut: Filters | None
    residual: bool

    def __call__(self, x: FloatArray) -> FloatArray:
        inner = self.second(gelu(self.first(x)))
        if self.residual:
            inner += x if self.shortcut is None else self.shortcut(x)
        return gelu(inner)


@dataclass(frozen=True, eq=False)
class NumpyUNet:
    """The network of `convolution_blocks.unet` and a last convolution with one tap, along samples.

    Args:
        weights: kernels and biases in the order of Keras' `get_weights`.
        levels: number of levels.
        residual: the levels are residual blocks.
    """

    weights: Sequence[NDArray[Any]]
    levels: int
    residual: bool

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return float32[sample, output] for float32[sample, input]; the size is a multiple of 2 ** (levels - 1)."""
        down, up, last = self._parts
        skips = []
        for level in down[:-1]:
            x = level(x)
            skips.append(x)
            x = (x[::2] + x[1::2]) * np.float32(0.5)
        x = down[-1](x)
        for level, skip in zip(up, reversed(skips), strict=True):
            x = level(np.concatenate([np.repeat(x, 2, axis=0), skip], axis=1))
        return last(x)

    @cached_property
    def _parts(self) -> tuple[list[Level], list[Level], Filters]:
        filters = self._filters()
        down = [self._level(filters) for _ in range(self.levels)]
        up = [self._level(filters) for _ in range(self.levels - 1)]
        last = filters.pop(0)
        if filters:
            raise BundleError(f"{len(filters)} convolutions too many for a U-Net of {self.levels} levels; train again")
        return down, up, last

    def _filters(self) -> list[Filters]:
        arrays = [np.asarray(weight, dtype=np.float32) for weight in self.weights]
        if len(arrays) % 2 or any(
            kernel.ndim != 3 or bias.shape != kernel.shape[2:]
            for kernel, bias in zip(arrays[::2], arrays[1::2], strict=True)
        ):
            raise BundleError(f"{len(arrays)} arrays are not kernels and biases of convolutions; train again")
        return [Filters(kernel, bias) for kernel, bias in zip(arrays[::2], arrays[1::2], strict=True)]

    def _level(self, filters: list[Filters]) -> Level:
        """Take the convolutions of a level from the front."""
        first, second = filters.pop(0), filters.pop(0)
        shortcut = None
        if self.residual and first.kernel.shape[1] != first.kernel.shape[2]:
            shortcut = filters.pop(0)
            if len(second.kernel) == 1:  # which of both comes first is up to Keras
                second, shortcut = shortcut, second
        return Level(first, second, shortcut, self.residual)


def gelu(x: FloatArray) -> FloatArray:
    """Return x times the normal distribution function of x, for float32 of any shape, within 5e-7.

    The tail of the distribution, by Abramowitz & Stegun (1964), Handbook of Mathematical Functions, 7.1.26, is taken
    from the positive part of x. In tiles, as a pass over memory costs more than the arithmetic.

    References:
        Hendrycks & Gimpel (2016), arXiv:1606.08415.
    """
    out = np.maximum(x, 0)
    flat, result = x.reshape(-1), out.reshape(-1)
    for start in range(0, flat.size, _TILE):
        values = flat[start : start + _TILE]
        size = np.abs(values)
        t = np.reciprocal(size * _TAIL_SCALE + np.float32(1))
        tail = _TAIL[0] * t
        for coefficient in _TAIL[1:]:
            tail += coefficient
            tail *= t
        np.multiply(values, values, out=t)
        t *= np.float32(-0.5)
        np.exp(t, out=t)
        tail *= t
        tail *= size
        result[start : start + _TILE] -= tail
    return out
