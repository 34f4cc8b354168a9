"""Running median along an axis."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

_SORTED_WINDOW = 17  # samples: up to here sorting shifted copies is faster than a filter along each row
_BLOCK_BYTES = 32_768  # of one copy of what is sorted at a time


def running_median(
    values: NDArray[Any], window: int, *, mode: Literal["nearest", "mirror"] = "nearest", axis: int = -1
) -> NDArray[Any]:
    """Return the running median along one axis, of the shape and dtype of the values.

    As `scipy.ndimage.median_filter` with a size of 1 along the other axes, which takes several times as long: it has
    a fast algorithm for one dimension only.

    Args:
        values: without NaN.
        window: samples, at least 1; an even window has one sample more before than after.
        mode: continuation at the ends.
        axis: that the window extends along.
    """
    moved = np.moveaxis(values, axis, -1)
    if window % 2 and window <= _SORTED_WINDOW and moved.size:
        return np.moveaxis(_sorted(moved.reshape(-1, moved.shape[-1]), window, mode).reshape(moved.shape), -1, axis)
    out = np.empty_like(moved)
    for place in np.ndindex(moved.shape[:-1]):
        out[place] = median_filter(moved[place], size=window, mode=mode)
    return np.moveaxis(out, -1, axis)


def _sorted(values: NDArray[Any], window: int, mode: Literal["nearest", "mirror"]) -> NDArray[Any]:
    """Return the running median along each row by sorting shifted copies, a part that fits into the cache at a time."""
    half, samples = window // 2, values.shape[1]
    padded = np.pad(values, ((0, 0), (half, half)), mode="edge" if mode == "nearest" else "reflect")
    out = np.empty_like(values)
    block = _BLOCK_BYTES // values.itemsize
    together = max(1, block // samples)
    for row in range(0, len(values), together):
        rows = slice(row, row + together)
        for start in range(0, samples, block):
            stop = min(start + block, samples)
            out[rows, start:stop] = median_of([padded[rows, start + shift : stop + shift] for shift in range(window)])
    return out


def median_of(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Return the median of a few arrays of one shape, element by element, by a sorting network.

    Several times as fast as `np.median` along a short axis.
    """
    values, count = list(arrays), len(arrays)
    for first, second, low, high in _median_network(count):
        one, other = values[first], values[second]
        if low:
            values[first] = np.minimum(one, other)
        if high:
            values[second] = np.maximum(one, other)
    if count % 2:
        return np.asarray(values[count // 2])
    return np.asarray((values[count // 2 - 1] + values[count // 2]) / 2)


@cache
def _median_network(count: int) -> tuple[tuple[int, int, bool, bool], ...]:
    """Return the comparisons that put the median of some values in its place.

    Of Batcher's merge exchange (Knuth 1998, The Art of Computer Programming 3, 5.2.2 M), those that the middle depends
    on.

    Returns:
        For each the two places, and whether the lower and the higher value are needed.
    """
    needed = {count // 2, (count - 1) // 2}
    kept = []
    for first, second in reversed(_merge_exchange(count)):
        low, high = first in needed, second in needed
        if low or high:
            kept.append((first, second, low, high))
            needed |= {first, second}
    return tuple(reversed(kept))


def _merge_exchange(count: int) -> list[tuple[int, int]]:
    """Return the places that Batcher's merge exchange compares to sort some values, in order."""
    found = []
    top = 1 << max(0, (count - 1).bit_length() - 1)
    half = top
    while half > 0:
        width, rest, distance = top, 0, half
        while True:
            found += [(place, place + distance) for place in range(count - distance) if place & half == rest]
            if width == half:
                break
            distance, width, rest = width - half, width // 2, half
        half //= 2
    return found
