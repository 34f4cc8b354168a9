"""Gaussian smoothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field
from scipy.ndimage import gaussian_filter1d

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase


class GaussianFilter(ClassicalBase):
    """Convolution with a Gaussian along the samples (scipy.ndimage.gaussian_filter1d)."""

    kind: Literal["gaussian_filter"] = "gaussian_filter"
    sigmas: tuple[float, ...] = Field(
        default=(0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0, 4.0, 5.5, 7.5, 10.0),
        description="standard deviations to try, in samples",
    )

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"sigma": sigma} for sigma in self.sigmas]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        smooth = gaussian_filter1d(values, setting["sigma"], axis=-1, mode="nearest")
        return np.asarray(smooth, dtype=np.float32)
