"""Spike gate: detects isolated samples that stand out from their neighbours, before any smoothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray
from aemodels.signal.gaps import fill_lost
from aemodels.signal.noise_estimate import noise_sigma
from aemodels.signal.running_median import running_median


class SpikeGate(Spec):
    """Criteria for a spike, in normalised units.

    A logging tool averages over several samples, so a single sample outside the range of its neighbours on both sides
    is not a reading of rock. Unlike the running deviation of a Hampel filter, this also works on steep flanks and near
    other spikes (measured in docs/lab/2026-11-denoising.md).
    """

    earlier_names: ClassVar[Mapping[str, str]] = {
        "multiple": "noise_multiple",
        "unrest": "step_multiple",
        "reach": "step_window",
        "company": "joint_step",
        "least_share": "min_share",
        "passes": "max_passes",
    }

    height: float = Field(default=0.12, gt=0.0, description="minimum excess of a sample over both neighbours")
    noise_multiple: float = Field(
        default=4.0, ge=1.0, description="minimum excess, in estimated noise standard deviations"
    )
    step_multiple: float = Field(
        default=4.0, ge=0.0, description="minimum excess, in multiples of the running median step"
    )
    step_window: int = Field(default=51, ge=5, le=1001, description="window of the running median step, in samples")
    shoulder: float = Field(
        default=0.5,
        ge=0.0,
        description="minimum excess, in steps between the neighbours and the next samples: rock has shoulders",
    )
    pair_height: float = Field(default=0.18, gt=0.0, description="minimum excess of two adjacent samples")
    joint_step: float = Field(
        default=0.05, gt=0.0, description="two adjacent samples are rock if another curve moves by this much with them"
    )
    min_share: float = Field(
        default=0.002,
        ge=0.0,
        lt=1.0,
        description="a curve with a smaller share of spikes is left unchanged: they may be thin hard beds",
    )
    max_passes: int = Field(
        default=4, ge=1, le=20, description="maximum number of passes; a spike hides smaller ones beside it"
    )


def find_spikes(values: FloatArray, mask: BoolArray, gate: SpikeGate) -> BoolArray:
    """Find spikes among the observed samples.

    Args:
        values: float32[channel, sample], normalised, finite.
        mask: bool of the same shape, True = observed.
        gate: the criteria.

    Returns:
        bool[channel, sample]; all False in a channel with too small a share of spikes.
    """
    least = np.maximum(
        gate.noise_multiple * noise_sigma(values, mask), gate.step_multiple * typical_step(values, gate.step_window)
    )
    height = np.maximum(gate.height, least)
    lost = np.stack([_singles(row, seen, level, gate) for row, seen, level in zip(values, mask, height, strict=True)])
    spiky = lost.sum(axis=1) > gate.min_share * np.maximum(mask.sum(axis=1), 1)
    lost &= spiky[:, None]
    if spiky.any():
        lost |= _pairs(values, mask & ~lost, least, gate) & spiky[:, None]
        for row in np.flatnonzero(spiky):  # samples beside a pair stand out once it is removed
            lost[row] |= _singles(values[row], mask[row] & ~lost[row], height[row], gate)
    return lost


def spike_share(values: FloatArray, mask: BoolArray) -> NDArray[np.float64]:
    """Return the share of spikes among each channel's observed samples: float64[channel]."""
    lost = find_spikes(values, mask, SpikeGate())
    return np.asarray(lost.sum(axis=1) / np.maximum(mask.sum(axis=1), 1), dtype=np.float64)


def typical_step(values: FloatArray, window: int) -> FloatArray:
    """Return the running median of the absolute steps between samples: float32[channel, sample].

    It is large in intervals where every sample jumps, and hardly affected by spikes.
    """
    steps = np.abs(np.diff(values, axis=1, append=values[:, -1:]))
    return np.asarray(running_median(steps, min(window, values.shape[1])), dtype=np.float32)


def _singles(values: FloatArray, seen: BoolArray, least: FloatArray, gate: SpikeGate) -> BoolArray:
    """Find samples beyond both observed neighbours, the largest of a neighbourhood first: bool[sample]."""
    lost = np.zeros(values.shape, dtype=np.bool_)
    for _ in range(gate.max_passes):
        remaining = np.flatnonzero(seen & ~lost)
        if remaining.size < 5:
            break
        excess = _excess(values[remaining], width=1, shoulder=gate.shoulder)
        hit = excess > least[remaining]
        strength = np.pad(np.where(hit, excess, 0), 1)
        hit &= excess >= np.maximum(strength[:-2], strength[2:])
        if not hit.any():
            break
        lost[remaining[hit]] = True
    return lost


def _excess(values: FloatArray, *, width: int, shoulder: float) -> FloatArray:
    """Return the excess of `width` samples over both neighbours, 0 if it is less than the shoulders allow.

    Args:
        values: float32[..., sample].
        width: 1 or 2 samples, starting at each sample.
        shoulder: minimum excess, in multiples of the larger step between a neighbour and the next sample.

    Returns:
        float32 of the same shape.
    """
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(2, width + 1)], mode="edge")
    count = values.shape[-1]
    far_before, before, first, last, after, far_after = (
        padded[..., start : start + count] for start in (0, 1, 2, width + 1, width + 2, width + 3)
    )
    above = np.minimum(first, last) - np.maximum(before, after)
    below = np.minimum(before, after) - np.maximum(first, last)
    excess = np.maximum(above, below)
    steps = np.maximum(np.abs(before - far_before), np.abs(after - far_after))
    excess = np.where(excess > shoulder * steps, excess, 0)
    excess[..., 0] = 0  # a first or last sample has one neighbour
    excess[..., count - width :] = 0
    return np.asarray(excess, dtype=np.float32)


def _pairs(values: FloatArray, seen: BoolArray, least: FloatArray, gate: SpikeGate) -> BoolArray:
    """Find two adjacent samples beyond both neighbours where no other curve moves: bool[channel, sample]."""
    pairs = np.zeros(values.shape, dtype=np.bool_)
    if values.shape[1] < 6 or len(values) < 2:
        return pairs
    filled = fill_lost(values, seen, "linear")
    both = seen & np.roll(seen, -1, axis=1)
    hit = both & (_excess(filled, width=2, shoulder=gate.shoulder) > np.maximum(gate.pair_height, least))
    moves = _pair_moves(filled) / np.maximum(gate.joint_step, least)
    for row in range(len(values)):
        others = np.delete(np.arange(len(values)), row)
        alone = np.where(both[others], moves[others], 0).max(axis=0) < 1
        starts = np.flatnonzero(hit[row] & alone & both[others].any(axis=0))
        pairs[row, starts] = pairs[row, starts + 1] = True
    return pairs


def _pair_moves(values: FloatArray) -> FloatArray:
    """Return the difference between the mean of a sample and the next, and the mean of their outer neighbours."""
    padded = np.pad(values, ((0, 0), (1, 2)), mode="edge")
    count = values.shape[1]
    before, first, second, after = (padded[:, start : start + count] for start in range(4))
    return np.asarray(np.abs((first + second) - (before + after)) / 2, dtype=np.float32)
