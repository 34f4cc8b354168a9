"""Savitzky-Golay smoothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase


class SavitzkyGolay(ClassicalBase):
    """Local polynomial fit along the samples (scipy.signal.savgol_filter).

    References:
        Savitzky & Golay (1964), Analytical Chemistry 36, 1627.
    """

    kind: Literal["savgol"] = "savgol"
    windows: tuple[int, ...] = Field(
        default=(3, 5, 7, 9, 11, 15, 21, 31, 41, 61, 81), description="window lengths to try, in samples, odd"
    )
    orders: tuple[int, ...] = Field(default=(1, 2, 3), description="polynomial orders to try")

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"window": w, "order": o} for w in self.windows for o in self.orders if o < w]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        from scipy.signal import savgol_filter

        samples = values.shape[-1]
        window = min(int(setting["window"]), samples - (samples + 1) % 2)  # odd, and no longer than the data
        order = min(int(setting["order"]), window - 1)
        return np.asarray(savgol_filter(values, window, order, axis=-1, mode="interp"), dtype=np.float32)
