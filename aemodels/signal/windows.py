"""Overlapping windows: cutting sections and blending windows back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Section, WindowSet

Blend: TypeAlias = Literal["count", "hann"]


class WindowSpec(Spec):
    """Windows that a section [channel, sample] is cut into."""

    length: int = Field(default=256, ge=4, le=4096, description="samples per window")
    stride: int = Field(default=64, ge=1, le=4096, description="distance between windows when scoring, in samples")
    width: int = Field(default=0, ge=0, le=512, description="channels per window; 0 = all channels")
    width_stride: int = Field(default=1, ge=1, le=512, description="distance between windows, in channels")
    blend: Blend = Field(
        default="count", description="weights of overlapping windows: count = equal, hann = Hann taper"
    )

    @property
    def mirror_axis(self) -> int:
        """Axis of [window, sample, feature] that can be mirrored: depth for a log, traces for a panel.

        The time axis of a panel cannot, since wavelets are not symmetric.
        """
        return 2 if self.width > 1 else 1


def starts(size: int, length: int, stride: int) -> NDArray[np.int64]:
    """Return the first positions of windows that cover all `size` positions: int64[window].

    >>> starts(10, 4, 3).tolist()
    [0, 3, 6]
    >>> starts(11, 4, 3).tolist()
    [0, 3, 6, 7]
    >>> starts(2, 4, 3).tolist()
    [0]
    """
    last = max(size - length, 0)
    return np.unique(np.append(np.arange(0, last + 1, stride), last)).astype(np.int64)


def cut(section: Section, spec: WindowSpec) -> WindowSet:
    """Cut a section into windows [window, sample, feature] that cover every sample.

    A section smaller than a window is padded with its edge values, which are masked.
    """
    channels, samples = section.values.shape
    width = spec.width or channels
    pad = ((0, max(width - channels, 0)), (0, max(spec.length - samples, 0)))
    values = np.pad(section.values, pad, mode="edge")
    mask = np.pad(section.mask, pad, constant_values=False)
    first_channel = starts(channels, width, spec.width_stride)
    first_sample = starts(samples, spec.length, spec.stride)
    shape = (width, spec.length)
    positions = np.ix_(first_channel, first_sample)
    origin = np.stack(np.meshgrid(first_channel, first_sample, indexing="ij"), axis=-1).reshape(-1, 2)
    return WindowSet(
        values=np.asarray(_slide(values, shape, positions), dtype=np.float32),
        mask=np.asarray(_slide(mask, shape, positions), dtype=np.bool_),
        origin=origin,
        shape=(channels, samples),
    )


def window_moments(sections: Sequence[Section], spec: WindowSpec) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean per channel and the covariance of windows that are mostly observed (of all, if those are few).

    Returns:
        mean float64[channel], covariance float64[size, size]; size = sample * channel, samples slowest.
    """
    sets = [cut(section, spec) for section in sections]
    flat = np.concatenate([windows.values.reshape(len(windows.values), -1) for windows in sets])
    seen = np.concatenate([windows.mask.reshape(len(windows.mask), -1).mean(axis=1) > 0.9 for windows in sets])
    flat = (flat[seen] if seen.sum() > 2 * flat.shape[1] else flat).astype(np.float64)
    mean = flat.reshape(-1, sets[0].values.shape[2]).mean(axis=0)
    centred = flat - np.tile(mean, spec.length)
    return mean, centred.T @ centred / len(centred)


def _slide(array: NDArray[Any], shape: tuple[int, int], positions: tuple[NDArray[Any], ...]) -> NDArray[Any]:
    """Return windows [window, sample, channel] of `shape` (channel, sample) at the given first positions."""
    view = np.lib.stride_tricks.sliding_window_view(array, shape)
    return np.ascontiguousarray(view[positions].reshape(-1, *shape).transpose(0, 2, 1))


def overlap_add(values: FloatArray, windows: WindowSet, blend: Blend = "count") -> FloatArray:
    """Blend windows back into a section; the inverse of `cut` for unchanged windows.

    Args:
        values: float32[window, sample, feature], the processed windows.
        windows: the original windows, which give the positions and the shape of the section.
        blend: "count" averages all windows that cover a sample, "hann" gives more weight to window centres.

    Returns:
        float32[channel, sample].
    """
    _, length, width = values.shape
    channels, samples = windows.shape
    padded = (max(channels, width), max(samples, length))
    total = np.zeros(padded, dtype=np.float64)
    weight = np.zeros(padded, dtype=np.float64)
    taper = _taper(length, width, blend)
    for block, (channel, sample) in zip(values.transpose(0, 2, 1), windows.origin, strict=True):
        block_slice = np.s_[channel : channel + width, sample : sample + length]
        total[block_slice] += block * taper
        weight[block_slice] += taper
    return (total / weight)[:channels, :samples].astype(np.float32)


def _taper(length: int, width: int, blend: Blend) -> NDArray[np.float64]:
    if blend == "count":
        return np.ones((width, length))
    # The offset keeps the weight of edge samples, covered by one window only, above rounding errors.
    along = np.hanning(length + 2)[1:-1] + 1e-3
    across = np.hanning(width + 2)[1:-1] + 1e-3 if width > 1 else np.ones(1)
    return np.outer(across, along)
