"""The spike gate: isolated samples that stand out from their neighbours are taken out before anything is smoothed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import median_filter

from aemodels.core.spec import Spec
from aemodels.core.types import BoolArray, FloatArray
from aemodels.signal.gaps import fill_lost
from aemodels.signal.noise_estimate import noise_sigma


class SpikeGate(Spec):
    """What counts as a spike, in normalised units.

    A logging tool averages over several samples: a curve that leaves the range of its neighbours on both sides
    within one sample did not measure rock. Unlike Hampel's running deviation, this does not blur where the curve is
    steep or where other spikes are near (docs/lab/2026-11-denoising.md has both measured).
    """

    earlier_names: ClassVar[Mapping[str, str]] = {
        "multiple": "noise_multiple",
        "unrest": "step_multiple",
        "reach": "step_window",
        "company": "joint_step",
        "least_share": "min_share",
        "passes": "max_passes",
    }

    height: float = Field(default=0.12, gt=0.0, description="least excess of a sample over both neighbours")
    noise_multiple: float = Field(default=4.0, ge=1.0, description="the same, in estimated noise standard deviations")
    step_multiple: float = Field(default=4.0, ge=0.0, description="the same, in median steps of the samples around")
    step_window: int = Field(default=51, ge=5, le=1001, description="samples around, for that median")
    shoulder: float = Field(
        default=0.5, ge=0.0, description="the same, in steps from the neighbours to theirs: rock has shoulders"
    )
    pair_height: float = Field(default=0.18, gt=0.0, description="least excess of two samples side by side")
    joint_step: float = Field(
        default=0.05, gt=0.0, description="two samples are rock where another curve moves this much with them"
    )
    min_share: float = Field(
        default=0.002,
        ge=0.0,
        lt=1.0,
        description="a curve with fewer spikes than this share of its samples is left alone: thin hard beds look alike",
    )
    max_passes: int = Field(default=4, ge=1, le=20, description="rounds at most; a spike hides smaller ones beside it")


def find_spikes(values: FloatArray, mask: BoolArray, gate: SpikeGate) -> BoolArray:
    """Observed samples that are spikes.

    Args:
        values: float32[channel, sample], normalised, finite.
        mask: bool of the same shape, True = observed.
        gate: the thresholds.

    Returns:
        bool[channel, sample]; all False in a channel with too few of them to be more than rock.
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
        for row in np.flatnonzero(spiky):  # what stood beside a pair stands out now
            lost[row] |= _singles(values[row], mask[row] & ~lost[row], height[row], gate)
    return lost


def spike_share(values: FloatArray, mask: BoolArray) -> NDArray[np.float64]:
    """Share of each channel's observed samples that the gate takes for spikes: float64[channel]."""
    lost = find_spikes(values, mask, SpikeGate())
    return np.asarray(lost.sum(axis=1) / np.maximum(mask.sum(axis=1), 1), dtype=np.float64)


def typical_step(values: FloatArray, reach: int) -> FloatArray:
    """Running median of the steps from sample to sample, over `reach` samples: float32[channel, sample].

    It tells a stretch where every sample jumps from one where a jump is news; spikes hardly move it.
    """
    steps = np.abs(np.diff(values, axis=1, append=values[:, -1:]))
    return np.asarray(median_filter(steps, size=(1, min(reach, values.shape[1])), mode="nearest"), dtype=np.float32)


def _singles(values: FloatArray, seen: BoolArray, least: FloatArray, gate: SpikeGate) -> BoolArray:
    """bool[sample]: samples beyond both observed neighbours; the worst of a neighbourhood goes first."""
    lost = np.zeros(values.shape, dtype=np.bool_)
    for _ in range(gate.max_passes):
        places = np.flatnonzero(seen & ~lost)
        if places.size < 5:
            break
        excess = _excess(values[places], width=1, shoulder=gate.shoulder)
        hit = excess > least[places]
        strength = np.pad(np.where(hit, excess, 0), 1)
        hit &= excess >= np.maximum(strength[:-2], strength[2:])
        if not hit.any():
            break
        lost[places[hit]] = True
    return lost


def _excess(values: FloatArray, *, width: int, shoulder: float) -> FloatArray:
    """How far `width` samples from here on stand out on both sides, if further than the shoulders are steep, else 0.

    Args:
        values: float32[..., sample].
        width: 1 or 2 samples.
        shoulder: times the larger step between a neighbour and its own neighbour.

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
    """bool[channel, sample]: two samples side by side beyond both their neighbours, where no other curve moves."""
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
        place = np.flatnonzero(hit[row] & alone & both[others].any(axis=0))
        pairs[row, place] = pairs[row, place + 1] = True
    return pairs


def _pair_moves(values: FloatArray) -> FloatArray:
    """How far the mean of a sample and the next is from the mean of those around the two."""
    padded = np.pad(values, ((0, 0), (1, 2)), mode="edge")
    count = values.shape[1]
    before, first, second, after = (padded[:, start : start + count] for start in range(4))
    return np.asarray(np.abs((first + second) - (before + after)) / 2, dtype=np.float32)
