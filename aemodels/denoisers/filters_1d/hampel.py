"""Hampel filter: outliers, and only they, replaced by the running median."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase

_MIN_DEVIATION = 1e-6  # normalised units: below it, a stretch counts as flat
_NORMAL = 1.4826  # a normal distribution's standard deviation over its median absolute deviation


class Hampel(ClassicalBase):
    """Samples further from the running median than a multiple of the running deviation take the median's value.

    References:
        Hampel (1974), JASA 69, 383; Pearson et al. (2016), EURASIP J. Adv. Signal Process. 2016:87.
    """

    kind: Literal["hampel"] = "hampel"
    windows: tuple[int, ...] = Field(default=(5, 7, 9, 13), description="window lengths to try, samples, odd")
    multiples: tuple[float, ...] = Field(
        default=(0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 1e6),
        description="deviations to try; 0 is the median filter, a huge one changes nothing",
    )

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"window": w, "multiple": m} for m in reversed(self.multiples) for w in self.windows]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        median, deviation = running_deviation(values, int(setting["window"]))
        outlier = np.abs(values - median) > setting["multiple"] * (deviation + _MIN_DEVIATION)
        return np.where(outlier, median, values).astype(np.float32)


def running_deviation(values: FloatArray, window: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Running median and robust standard deviation (1.4826 MAD), float32[channel, sample] each.

    Args:
        values: float32[channel, sample]; the ends are mirrored about the edge sample.
        window: samples, odd; shortened where the data are shorter.
    """
    half = min(window // 2, values.shape[-1] - 1)
    padded = np.pad(values, ((0, 0), (half, half)), mode="reflect")
    view = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=-1)
    median = np.partition(view, half, axis=-1)[..., half]  # the window is odd; several times faster than np.median
    deviation = _NORMAL * np.partition(np.abs(view - median[..., None]), half, axis=-1)[..., half]
    return median.astype(np.float32), deviation.astype(np.float32)
