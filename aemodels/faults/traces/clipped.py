"""Clipped: a trace limited to the full scale of the recorder."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import FactorRange, Site, TraceFault, trace_rms


class Clipped(TraceFault):
    """A trace clipped symmetrically at a multiple of its RMS.

    References:
        Yilmaz, O. (2001), Seismic Data Analysis, SEG, section 1.5 (trace editing).
    """

    kind: Literal["clipped"] = "clipped"
    level: FactorRange = Field(default=(0.4, 1.2), description="full scale as a multiple of the trace's rms")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        level = np.array([[rng.uniform(*self.level) * trace_rms(trace)] for trace in out])
        return np.clip(out, -level, level).astype(np.float32)
