"""Hampel filter: outliers are replaced by the running median."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase
from aemodels.signal.running_median import running_median

_MIN_DEVIATION = 1e-6  # in normalised units; a lower running deviation counts as constant
_NORMAL = 1.4826  # standard deviation of a normal distribution over its median absolute deviation


class Hampel(ClassicalBase):
    """Replacement of samples that differ from the running median by more than a multiple of the running deviation.

    References:
        Hampel (1974), JASA 69, 383; Pearson et al. (2016), EURASIP J. Adv. Signal Process. 2016:87.
    """

    kind: Literal["hampel"] = "hampel"
    windows: tuple[int, ...] = Field(default=(5, 7, 9, 13), description="window lengths to try, in samples, odd")
    multiples: tuple[float, ...] = Field(
        default=(0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 1e6),
        description="multiples to try; 0 gives the median filter, a huge one changes nothing",
    )

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"window": w, "multiple": m} for m in reversed(self.multiples) for w in self.windows]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        median, deviation = running_deviation(values, int(setting["window"]))
        outlier = np.abs(values - median) > setting["multiple"] * (deviation + _MIN_DEVIATION)
        return np.where(outlier, median, values).astype(np.float32)


def running_deviation(values: FloatArray, window: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the running median and robust standard deviation (1.4826 MAD), float32[channel, sample] each.

    Args:
        values: float32[channel, sample]; the ends are mirrored about the edge sample.
        window: window length in samples, odd; shortened if the data are shorter.
    """
    half = min(window // 2, values.shape[-1] - 1)
    padded = np.pad(values, ((0, 0), (half, half)), mode="reflect")
    view = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=-1)
    median = mirrored_median(values, window)
    # the window is odd; several times faster than np.median
    deviation = _NORMAL * np.partition(np.abs(view - median[..., None]), half, axis=-1)[..., half]
    return median, deviation.astype(np.float32)


def mirrored_median(values: FloatArray, window: int) -> NDArray[np.float32]:
    """Return the running median of `running_deviation` alone, float32[channel, sample].

    Args:
        values: float32[channel, sample], without NaN; the ends are mirrored about the edge sample.
        window: window length in samples, odd; shortened if the data are shorter.
    """
    half = min(window // 2, values.shape[-1] - 1)
    return np.asarray(running_median(values, 2 * half + 1, mode="mirror"), dtype=np.float32)
