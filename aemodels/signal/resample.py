"""Resampling of wells to one depth step, and the way back to their own depths."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import AxisArray, FloatArray, Recording
from aemodels.curves.canonical import CANONICAL

TOLERANCE = 0.02  # share of the step; 0.15 m and half a foot (0.1524 m) count as equal
MAX_GAP = 1.5  # own steps between readings, beyond which nothing is interpolated


def median_step(axis: AxisArray) -> float:
    """Return the median distance of neighbouring samples, in the unit of the axis; 0 for a single sample."""
    return float(np.median(np.diff(axis))) if axis.size > 1 else 0.0


def has_step(axis: AxisArray, step: float, tolerance: float = TOLERANCE) -> bool:
    """Return whether all samples are `step` apart, within a share of it."""
    return not axis.size > 1 or bool(np.abs(np.diff(axis) - step).max() <= tolerance * step)


def resample(recording: Recording, step: float) -> Recording:
    """Resample a well to the step `step`; a recording within 2 % of it is returned unchanged.

    From a finer step, the readings within one new step are averaged, so that nothing aliases. From a coarser one, they
    are joined by monotone cubics (PCHIP), which neither overshoot nor make straight lines. Resistivities are averaged
    and joined on a logarithmic scale. Between readings further apart than 1.5 of the recording's own larger steps (95 %
    are smaller), samples are missing.

    Args:
        recording: well with any regular or irregular axis.
        step: step in m, positive.

    References:
        Fritsch & Carlson (1980), SIAM J. Numer. Anal. 17, 238 (monotone cubic interpolation).
    """
    if has_step(recording.axis, step):
        return recording
    own = float(np.quantile(np.diff(recording.axis), 0.95))
    count = int(np.floor((recording.axis[-1] - recording.axis[0]) / step * (1 + 1e-12))) + 1
    axis = recording.axis[0] + step * np.arange(count, dtype=np.float64)
    rows = [
        _resampled(recording.axis, row, axis, max(own, step), log=name in CANONICAL and CANONICAL[name].log)
        for name, row in zip(recording.names, recording.values, strict=True)
    ]
    return dataclasses.replace(recording, axis=axis, values=np.stack(rows).astype(np.float32))


def _resampled(own: AxisArray, values: FloatArray, axis: AxisArray, reach: float, *, log: bool) -> NDArray[np.float64]:
    """Return a curve at new depths: float64[new sample].

    Args:
        own: depths of its readings.
        values: float32, NaN = missing.
        axis: new depths, evenly spaced.
        reach: MAX_GAP times this is the longest distance between readings that is bridged.
        log: average and join logarithms; readings that are not positive are then missing.
    """
    seen = np.isfinite(values) & (values > 0 if log else True)
    out = np.full(axis.size, np.nan)
    if not seen.any():
        return out
    depth, reading = own[seen], values[seen].astype(np.float64)
    reading = np.log10(reading) if log else reading
    depth, reading = _averaged(depth, reading, axis)
    half = (axis[1] - axis[0]) / 2 if axis.size > 1 else 1e-9  # the first mean lies below the first reading
    after = np.clip(np.searchsorted(depth, axis - 1e-9), 1, max(depth.size - 1, 1))
    if depth.size > 1:
        from scipy.interpolate import (
            PchipInterpolator,
        )  # a third of a second, which wells at the usual step do not need

        inside = (axis >= depth[0] - half) & (axis <= depth[-1] + half)
        bridged = inside & (depth[after] - depth[after - 1] <= MAX_GAP * reach)
        out[bridged] = PchipInterpolator(depth, reading)(axis[bridged])
    at = np.rint((depth - axis[0]) / (axis[1] - axis[0])).astype(int) if axis.size > 1 else np.zeros(depth.size, int)
    exact = (at >= 0) & (at < axis.size)
    exact[exact] &= np.abs(axis[at[exact]] - depth[exact]) < 1e-6
    out[at[exact]] = reading[exact]  # a lone reading on a new depth has no neighbour to be joined with
    return 10**out if log else out


def _averaged(
    depth: AxisArray, reading: NDArray[np.float64], axis: AxisArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Replace readings that share a new sample by their mean, at their mean depth; leave others as they are."""
    step = axis[1] - axis[0] if axis.size > 1 else np.inf
    bins = np.rint((depth - axis[0]) / step).astype(int) if np.isfinite(step) else np.zeros(depth.size, dtype=int)
    starts = np.flatnonzero(np.diff(bins, prepend=bins[0] - 1))
    counts = np.diff(starts, append=bins.size)
    means, depths = (np.add.reduceat(series, starts) / counts for series in (reading, depth))
    # equal readings stay equal to the last bit, so that a stuck tool is still flat
    flat = np.maximum.reduceat(reading, starts) == np.minimum.reduceat(reading, starts)
    return depths, np.where(flat, reading[starts], means)


def cells(own: AxisArray, axis: AxisArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the new samples that belong to each own one: first and exclusive last index, int64[own sample] each.

    Those nearer to it than to any other own sample, and at least the nearest one.

    Args:
        own: depths of the recording.
        axis: evenly spaced depths that span them.
    """
    middle = (own[1:] + own[:-1]) / 2
    first = np.searchsorted(axis, np.concatenate([[-np.inf], middle]))
    last = np.searchsorted(axis, np.concatenate([middle, [np.inf]]))
    step = axis[1] - axis[0] if axis.size > 1 else 1.0
    nearest = np.clip(np.rint((own - axis[0]) / step), 0, axis.size - 1).astype(np.int64)
    empty = last <= first
    return np.where(empty, nearest, first), np.where(empty, nearest + 1, last)
