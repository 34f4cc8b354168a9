"""Running median along an axis."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

_SORTED_WINDOW = 9  # samples: up to here a sort of whole arrays is faster than a filter along each


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
        half, samples = window // 2, moved.shape[-1]
        ends = [(0, 0)] * (moved.ndim - 1) + [(half, half)]
        padded = np.pad(moved, ends, mode="edge" if mode == "nearest" else "reflect")
        found = median_of([padded[..., first : first + samples] for first in range(window)])
        return np.moveaxis(found, -1, axis)
    out = np.empty_like(moved)
    for place in np.ndindex(moved.shape[:-1]):
        out[place] = median_filter(moved[place], size=window, mode=mode)
    return np.moveaxis(out, -1, axis)


def median_of(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Return the median of a few arrays of one shape, element by element, by odd-even transposition sort.

    Several times as fast as `np.median` along a short axis (Knuth 1998, The Art of Computer Programming 3, 5.3.4).
    """
    sorted_arrays, count = list(arrays), len(arrays)
    for turn in range(count):
        for first in range(turn % 2, count - 1, 2):
            low, high = sorted_arrays[first], sorted_arrays[first + 1]
            sorted_arrays[first], sorted_arrays[first + 1] = np.minimum(low, high), np.maximum(low, high)
    if count % 2:
        return np.asarray(sorted_arrays[count // 2])
    return np.asarray((sorted_arrays[count // 2 - 1] + sorted_arrays[count // 2]) / 2)
