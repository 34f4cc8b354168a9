"""Wavelet soft thresholding over samples and traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pywt
from pydantic import Field

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase


class PanelWavelet(ClassicalBase):
    """Soft thresholding of the details of a 2-D wavelet transform at a multiple of the universal threshold.

    A panel narrower than the wavelet is returned as it is.

    References:
        Donoho & Johnstone (1994), Biometrika 81, 425; the noise from the median of the finest diagonal details.
    """

    kind: Literal["panel_wavelet"] = "panel_wavelet"
    wavelets: tuple[str, ...] = Field(
        default=("db2", "sym4", "sym8"), description="PyWavelets names of the wavelets to try"
    )
    multiples: tuple[float, ...] = Field(
        default=(0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.75, 1.0), description="multiples of the universal threshold to try"
    )
    depth: int = Field(default=4, ge=1, le=12, description="maximum number of decomposition levels")

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"wavelet": w, "multiple": m} for w in range(len(self.wavelets)) for m in self.multiples]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        wavelet = pywt.Wavelet(self.wavelets[int(setting["wavelet"])])
        traces, samples = values.shape
        depth = min(self.depth, pywt.dwt_max_level(min(traces, samples), wavelet.dec_len))
        if depth < 1:
            return values
        approximation, *details = pywt.wavedec2(values, wavelet, mode="symmetric", level=depth)
        sigma = float(np.median(np.abs(details[-1][2]))) / 0.6745
        threshold = setting["multiple"] * sigma * np.sqrt(2 * np.log(values.size))
        shrunk = [tuple(np.sign(d) * np.maximum(np.abs(d) - threshold, 0) for d in level) for level in details]
        rebuilt = pywt.waverec2([approximation, *shrunk], wavelet, mode="symmetric")
        return np.asarray(rebuilt[:traces, :samples], dtype=np.float32)
