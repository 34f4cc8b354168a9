"""Wells of different sampling brought to one step, so that windows of as many samples hold as much rock."""

from __future__ import annotations

import dataclasses

import numpy as np

from aemodels.core.types import AxisArray, Recording

TOLERANCE = 0.02  # share of the step; feet read as metres differ by less, 0.15 m and half a foot do not matter


def median_step(axis: AxisArray) -> float:
    """The usual distance of neighbouring samples, in the axis' unit; 0 for a single sample."""
    return float(np.median(np.diff(axis))) if axis.size > 1 else 0.0


def resample(recording: Recording, step: float) -> Recording:
    """A recording sampled every `step`; itself where it is within 2 % already.

    Linear between neighbours; a sample beside a missing one is missing. Nothing is smoothed first: a much coarser step
    lets thin beds alias.

    Args:
        recording: of any step, even or not.
        step: in the axis' unit, positive.
    """
    steps = np.diff(recording.axis)
    if not steps.size or np.abs(steps - step).max() <= TOLERANCE * step:
        return recording
    axis = np.arange(recording.axis[0], recording.axis[-1] + 1e-9 * step, step)
    values = np.stack([np.interp(axis, recording.axis, row) for row in recording.values]).astype(np.float32)
    return dataclasses.replace(recording, axis=axis, values=values)
