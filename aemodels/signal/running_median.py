"""Running median along an axis."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter


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
    out = np.empty_like(moved)
    for place in np.ndindex(moved.shape[:-1]):
        out[place] = median_filter(moved[place], size=window, mode=mode)
    return np.moveaxis(out, -1, axis)
