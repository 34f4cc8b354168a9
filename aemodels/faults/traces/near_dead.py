"""Near-dead: a trace with hardly any signal."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import FactorRange, Site, TraceFault, trace_rms


class NearDead(TraceFault):
    """A trace attenuated to between a thousandth and a few hundredths, with recorder noise: a leaking cable.

    References:
        Yilmaz, O. (2001), Seismic Data Analysis, SEG, section 1.5 (trace editing).
    """

    kind: Literal["near_dead"] = "near_dead"
    gain: FactorRange = Field(
        default=(0.001, 0.03), description="remaining share of the amplitude; drawn log-uniformly"
    )
    noise: FactorRange = Field(
        default=(0.1, 2.0), description="RMS of the white noise as a multiple of the remaining RMS"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        gain = np.exp(rng.uniform(*np.log(self.gain)))
        noise = [gain * trace_rms(trace) * rng.uniform(*self.noise) * rng.standard_normal(trace.size) for trace in out]
        return np.asarray(gain * out + np.stack(noise), dtype=np.float32)
