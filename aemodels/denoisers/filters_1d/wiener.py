"""Adaptive Wiener filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase
from aemodels.signal.noise_estimate import noise_sigma


class Wiener(ClassicalBase):
    """Shrinkage towards the local mean by the local variance (scipy.signal.wiener).

    The noise variance is the estimate from the data (`noise_sigma`) times a tuned multiple; scipy's default, the mean
    of the local variances, counts signal as noise.

    References:
        Lim (1990), Two-Dimensional Signal and Image Processing, 9.2.
    """

    kind: Literal["wiener"] = "wiener"
    windows: tuple[int, ...] = Field(
        default=(3, 5, 7, 9, 13, 17, 25, 35), description="window lengths to try, in samples"
    )
    multiples: tuple[float, ...] = Field(
        default=(0.25, 0.5, 1.0, 1.5, 2.0, 3.0), description="multiples of the noise variance to try"
    )

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"window": w, "multiple": m} for w in self.windows for m in self.multiples]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        sigma = noise_sigma(values, np.ones(values.shape, dtype=np.bool_))[:, 0].astype(np.float64)
        size = min(int(setting["window"]), values.shape[-1])
        rows = [
            adaptive_wiener(row, (size,), setting["multiple"] * level**2)
            for row, level in zip(values, sigma, strict=True)
        ]
        return np.stack(rows)


def adaptive_wiener(values: FloatArray, size: tuple[int, ...], noise: float) -> FloatArray:
    """Apply scipy's Wiener filter with edges extended instead of zero-padded; returns float32 of the same shape.

    Args:
        values: float32 of any rank.
        size: window length on every axis.
        noise: noise variance; kept slightly above zero, since scipy divides by the local variance.
    """
    from scipy.signal import wiener

    pad = [(length // 2, length // 2) for length in size]
    padded = np.pad(values.astype(np.float64), pad, mode="edge")
    floor = 1e-12 * max(float(padded.var()), 1e-30)
    with np.errstate(divide="ignore", invalid="ignore"):  # a constant interval has no variance; scipy returns its mean
        smooth = wiener(padded, size, max(noise, floor))
    inside = tuple(slice(before, before + length) for (before, _), length in zip(pad, values.shape, strict=True))
    return np.asarray(smooth[inside], dtype=np.float32)
