"""Adaptive Wiener filter over samples and traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase
from aemodels.denoisers.filters_1d.wiener import adaptive_wiener
from aemodels.signal.noise_estimate import noise_sigma


class PanelWiener(ClassicalBase):
    """Shrinkage towards the mean of a patch by its variance (scipy.signal.wiener).

    One noise variance for the panel: the median over traces of the estimates from the data, times a tuned multiple.
    """

    kind: Literal["panel_wiener"] = "panel_wiener"
    sizes: tuple[tuple[int, int], ...] = Field(
        default=((1, 3), (1, 5), (3, 1), (5, 1), (9, 1), (3, 3), (5, 3), (5, 5), (9, 3), (9, 5), (13, 5)),
        description="patch sizes to try: (traces, samples)",
    )
    multiples: tuple[float, ...] = Field(
        default=(0.3, 0.6, 1.0, 1.5, 2.5), description="multiples of the noise variance to try"
    )

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"traces": t, "samples": s, "multiple": m} for t, s in self.sizes for m in self.multiples]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        sigma = float(np.median(noise_sigma(values, np.ones(values.shape, dtype=np.bool_))))
        traces, samples = values.shape
        size = (min(int(setting["traces"]), traces), min(int(setting["samples"]), samples))
        return adaptive_wiener(values, size, setting["multiple"] * sigma**2)
