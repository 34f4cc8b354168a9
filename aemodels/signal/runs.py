"""Runs of samples: of True values, of one value, and of readings on a straight line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray


def run_bounds(flag: BoolArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the starts and exclusive ends of the runs of True in bool[sample], each int64[run].

    >>> [bounds.tolist() for bounds in run_bounds(np.array([True, True, False, True]))]
    [[0, 3], [2, 4]]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flag, [False])).astype(np.int8)))
    return edges[::2], edges[1::2]


def runs(flag: BoolArray) -> list[tuple[int, int]]:
    """Return start and exclusive end of each run of True in bool[sample].

    >>> runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    return [(int(start), int(stop)) for start, stop in zip(*run_bounds(flag), strict=True)]


def flat_runs(values: FloatArray, minimum: int) -> BoolArray:
    """Find the samples of runs of identical observed values.

    Args:
        values: float32[..., sample], NaN = missing (ends a run).
        minimum: minimum length of a run, in samples.

    Returns:
        bool of the same shape.

    >>> flat_runs(np.array([1, 2, 2, 2, 3], dtype=np.float32), 3).astype(int).tolist()
    [0, 1, 1, 1, 0]
    """
    return (run_lengths(values) >= minimum) & np.isfinite(values)


def run_lengths(values: FloatArray) -> NDArray[np.int64]:
    """Return the length of the run of identical values around each sample; each NaN is its own run.

    Args:
        values: float32[..., sample]; no run goes on from one row to the next.

    Returns:
        int64 of the same shape.

    >>> run_lengths(np.array([1, 2, 2, 2, 3], dtype=np.float32)).tolist()
    [1, 3, 3, 3, 1]
    """
    begins = np.ones(values.shape, dtype=np.bool_)
    np.not_equal(values[..., 1:], values[..., :-1], out=begins[..., 1:])  # NaN differs from NaN
    lengths = np.diff(np.append(np.flatnonzero(begins), values.size))
    return np.repeat(lengths, lengths).reshape(values.shape)


def straight_runs(values: FloatArray, minimum: int, tolerance: float | NDArray[np.float64]) -> BoolArray:
    """Find the samples of runs of observed readings on a straight line, constant or inclined.

    Args:
        values: float32[sample], NaN = missing (ends a run).
        minimum: minimum length of a run, in samples.
        tolerance: maximum absolute second difference of three consecutive readings; one value, or
            float64[sample - 2].

    Returns:
        bool[sample].

    >>> straight_runs(np.array([5, 1, 2, 3, 4, 9], dtype=np.float32), 4, 0.01).astype(int).tolist()
    [0, 1, 1, 1, 1, 0]
    """
    out = np.zeros(values.shape, dtype=np.bool_)
    for start, stop in runs(np.asarray(np.abs(np.diff(values, n=2)) <= tolerance)):  # NaN is never less
        if stop - start + 2 >= minimum:
            out[start : stop + 2] = True
    return out
