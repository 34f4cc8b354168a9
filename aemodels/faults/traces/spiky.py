"""Spiky: a trace with isolated bursts of one to three samples."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CountRange, FactorRange, Site, TraceFault, trace_rms


class TraceSpikes(TraceFault):
    """A few short runs of samples replaced by large values: telemetry errors and electrical discharge.

    References:
        Yilmaz, O. (2001), Seismic Data Analysis, SEG, section 1.5 (trace editing).
    """

    kind: Literal["spiky"] = "spiky"
    spikes: CountRange = Field(default=(3, 15), description="spikes per trace")
    samples: CountRange = Field(default=(1, 3), description="samples per spike")
    height: FactorRange = Field(default=(4.0, 15.0), description="height as a multiple of the trace's rms")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].copy()
        for trace in out:
            rms = trace_rms(trace)
            for start in rng.integers(0, trace.size, rng.integers(self.spikes[0], self.spikes[1] + 1)):
                width = int(rng.integers(self.samples[0], self.samples[1] + 1))
                trace[start : start + width] = rms * rng.uniform(*self.height) * rng.choice([-1.0, 1.0])
        return out
