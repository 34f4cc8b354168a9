"""Running median."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase
from aemodels.signal.running_median import running_median


class Median(ClassicalBase):
    """Running median along the samples (scipy.ndimage.median_filter)."""

    kind: Literal["median"] = "median"
    windows: tuple[int, ...] = Field(
        default=(1, 3, 5, 7, 9, 13, 17, 25, 35, 49), description="window lengths to try, in samples, odd"
    )

    def candidates(self) -> Sequence[dict[str, float]]:
        return [{"window": window} for window in self.windows]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        return np.asarray(running_median(values, int(setting["window"])), dtype=np.float32)
