"""Resampling of wells to one depth step."""

from __future__ import annotations

import dataclasses

import numpy as np

from aemodels.core.types import AxisArray, Recording

TOLERANCE = 0.02  # share of the step; 0.15 m and half a foot (0.1524 m) count as equal


def median_step(axis: AxisArray) -> float:
    """Return the median distance of neighbouring samples, in the unit of the axis; 0 for a single sample."""
    return float(np.median(np.diff(axis))) if axis.size > 1 else 0.0


def resample(recording: Recording, step: float) -> Recording:
    """Resample a recording to the step `step`; a recording within 2 % of it is returned unchanged.

    Values are interpolated linearly; a sample next to a missing one is missing. There is no anti-alias filter: thin
    beds alias at a much coarser step.

    Args:
        recording: recording with any regular or irregular axis.
        step: step in the unit of the axis, positive.
    """
    steps = np.diff(recording.axis)
    if not steps.size or np.abs(steps - step).max() <= TOLERANCE * step:
        return recording
    axis = np.arange(recording.axis[0], recording.axis[-1] + 1e-9 * step, step)
    values = np.stack([np.interp(axis, recording.axis, row) for row in recording.values]).astype(np.float32)
    return dataclasses.replace(recording, axis=axis, values=values)
