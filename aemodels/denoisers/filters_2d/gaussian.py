"""Gaussian smoothing over samples and traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field
from scipy.ndimage import gaussian_filter

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase


class PanelGaussian(ClassicalBase):
    """Convolution of a panel with a Gaussian (scipy.ndimage.gaussian_filter)."""

    kind: Literal["panel_gaussian"] = "panel_gaussian"
    along: tuple[float, ...] = Field(
        default=(0.0, 0.5, 0.7, 0.9, 1.2, 1.6, 2.2),
        description="standard deviations along the trace to try, in samples",
    )
    across: tuple[float, ...] = Field(
        default=(0.0, 0.5, 0.8, 1.2, 1.8, 2.6, 3.6), description="standard deviations across traces to try, in traces"
    )

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"along": along, "across": across} for along in self.along for across in self.across]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        smooth = gaussian_filter(values, (setting["across"], setting["along"]), mode="nearest")
        return np.asarray(smooth, dtype=np.float32)
