"""Median over samples and traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field
from scipy.ndimage import median_filter

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase


class PanelMedian(ClassicalBase):
    """Running median over a patch of a panel (scipy.ndimage.median_filter)."""

    kind: Literal["panel_median"] = "panel_median"
    sizes: tuple[tuple[int, int], ...] = Field(
        default=((1, 1), (1, 3), (3, 1), (5, 1), (7, 1), (9, 1), (3, 3), (5, 3), (7, 3), (9, 3), (5, 5), (9, 5)),
        description="patch sizes to try: (traces, samples), odd",
    )

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"traces": traces, "samples": samples} for traces, samples in self.sizes]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        size = (int(setting["traces"]), int(setting["samples"]))
        return np.asarray(median_filter(values, size=size, mode="nearest"), dtype=np.float32)
