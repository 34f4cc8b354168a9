"""Wavelet soft thresholding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pywt
from pydantic import Field

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase


class Wavelet(ClassicalBase):
    """Soft thresholding of the detail coefficients at a multiple of the universal threshold.

    References:
        Donoho & Johnstone (1994), Biometrika 81, 425: threshold = sigma * sqrt(2 ln n), sigma from the median
        absolute deviation of the finest details.
    """

    kind: Literal["wavelet"] = "wavelet"
    wavelets: tuple[str, ...] = Field(
        default=("db2", "sym4", "sym8"), description="PyWavelets names of the wavelets to try"
    )
    multiples: tuple[float, ...] = Field(
        default=(0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0), description="multiples of the universal threshold to try"
    )
    depth: int = Field(default=6, ge=1, le=12, description="maximum number of decomposition levels")

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"wavelet": w, "multiple": m} for w in range(len(self.wavelets)) for m in self.multiples]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        wavelet = pywt.Wavelet(self.wavelets[int(setting["wavelet"])])
        samples = values.shape[-1]
        depth = min(self.depth, pywt.dwt_max_level(samples, wavelet.dec_len))
        if depth < 1:
            return values
        approximation, *details = pywt.wavedec(values, wavelet, mode="symmetric", level=depth, axis=-1)
        sigma = np.median(np.abs(details[-1]), axis=-1, keepdims=True) / 0.6745
        threshold = setting["multiple"] * sigma * np.sqrt(2 * np.log(samples))
        shrunk = [np.sign(d) * np.maximum(np.abs(d) - threshold, 0) for d in details]
        return np.asarray(pywt.waverec([approximation, *shrunk], wavelet, mode="symmetric", axis=-1))[
            ..., :samples
        ].astype(np.float32)
