"""Band-pass filter for traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase


class BandPass(ClassicalBase):
    """Zero-phase Butterworth filter with tuned corners (scipy.signal.sosfiltfilt).

    A low corner of 0 gives a low-pass filter, the only useful one for logs, whose level matters.
    """

    kind: Literal["bandpass"] = "bandpass"
    lows: tuple[float, ...] = Field(
        default=(0.0, 0.01, 0.02, 0.04, 0.07),
        description="low corner frequencies to try, as a share of the sampling frequency",
    )
    highs: tuple[float, ...] = Field(
        default=(0.45, 0.35, 0.28, 0.22, 0.18, 0.15, 0.12, 0.1, 0.08),
        description="high corner frequencies to try, as a share of the sampling frequency",
    )
    order: int = Field(default=4, ge=1, le=12, description="order of each edge; applied twice, forward and backward")

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"low": low, "high": high} for high in self.highs for low in self.lows if low < high]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        from scipy.signal import sosfiltfilt

        sections = _sections(self.order, setting["low"], setting["high"])
        reach = min(6 * self.order, values.shape[-1] - 1)  # samples of odd reflection at both ends
        filtered = sosfiltfilt(sections, values.astype(np.float64), axis=-1, padlen=reach)
        return np.asarray(filtered, dtype=np.float32)


def _sections(order: int, low: float, high: float) -> NDArray[Any]:
    from scipy.signal import butter

    if low > 0:
        return np.asarray(butter(order, [low, high], "bandpass", fs=1.0, output="sos"))
    return np.asarray(butter(order, high, "lowpass", fs=1.0, output="sos"))
