"""Depth offset between two logs of one well: a repeat pass, or a second run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import AxisArray, FloatArray

STEP_M = 0.1524
MAX_SHIFT_M = 12.0
MIN_OVERLAP_M = 30.0
MIN_CORRELATION = 0.6  # below, the two do not measure the same rock at any shift that is searched


def depth_offset(
    first: tuple[AxisArray, FloatArray], second: tuple[AxisArray, FloatArray]
) -> tuple[float, float] | None:
    """Return the shift at which two logs agree best, and their correlation there.

    Args:
        first: depths float64[sample] in m, strictly increasing, and readings float32[sample] of the same curve, NaN =
            missing.
        second: of the other log.

    Returns:
        (depths of the second minus those of the first, m; correlation); None if they overlap in less than 30 m, or
        correlate nowhere. The shift is to a tenth of a step of half a foot.
    """
    top, base = max(first[0][0], second[0][0]), min(first[0][-1], second[0][-1])
    if base - top < MIN_OVERLAP_M:
        return None
    grid = np.arange(top - MAX_SHIFT_M, base + MAX_SHIFT_M, STEP_M)
    here, there = on_grid(grid, *first), on_grid(grid, *second)
    lags = np.arange(-round(MAX_SHIFT_M / STEP_M), round(MAX_SHIFT_M / STEP_M) + 1)
    found = np.array([correlation_at(here, there, int(lag)) for lag in lags])
    if not np.isfinite(found).any() or np.nanmax(found) < MIN_CORRELATION:
        return None
    best = int(np.nanargmax(found))
    return round(float((lags[best] + vertex(found, best)) * STEP_M), 2), round(float(found[best]), 3)


def on_grid(grid: NDArray[np.float64], depth: AxisArray, values: FloatArray) -> NDArray[np.float64]:
    """Interpolate readings to a grid; NaN outside of the log and in its gaps."""
    seen = np.isfinite(values)
    if seen.sum() < 2:
        return np.full(grid.size, np.nan)
    out = np.interp(grid, depth[seen], values[seen], left=np.nan, right=np.nan)
    nearest = np.clip(np.searchsorted(depth, grid), 0, depth.size - 1)
    return np.where(seen[nearest], out, np.nan)


def correlation_at(
    here: NDArray[np.float64], there: NDArray[np.float64], lag: int, min_overlap: float = MIN_OVERLAP_M
) -> float:
    """Return the correlation of `here` with `there` read `lag` steps deeper; NaN if they overlap too little.

    Args:
        here: float64[step], NaN = missing.
        there: the same, on the same grid of `STEP_M`.
        lag: in steps.
        min_overlap: m.
    """
    a = here[max(0, -lag) : here.size - max(0, lag)]
    b = there[max(0, lag) : there.size - max(0, -lag)]
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() * STEP_M < min_overlap:
        return float("nan")
    a, b = a[both] - a[both].mean(), b[both] - b[both].mean()
    power = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / power if power > 0 else float("nan")


def vertex(values: NDArray[np.float64], place: int) -> float:
    """Return where the parabola through a maximum and its neighbours is highest, in steps from `place`."""
    if not 0 < place < values.size - 1 or not np.isfinite(values[place - 1 : place + 2]).all():
        return 0.0
    left, middle, right = values[place - 1 : place + 2]
    bend = left - 2 * middle + right
    return float(0.5 * (left - right) / bend) if bend < 0 else 0.0
