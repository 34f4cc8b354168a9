"""Gain: a trace recorded with a different gain from its neighbours."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import FactorRange, Site, TraceFault


class Gain(TraceFault):
    """A trace multiplied or divided by a factor: a wrong preamplifier setting or a wrong exponent.

    References:
        Yilmaz, O. (2001), Seismic Data Analysis, SEG, section 1.5 (trace editing); preamplifier steps of 12 dB are a
        factor of 4.
    """

    kind: Literal["gain"] = "gain"
    factor: FactorRange = Field(default=(4.0, 16.0), description="factor; the trace is multiplied or divided by it")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        factor = rng.uniform(*self.factor) ** rng.choice([-1.0, 1.0])
        return np.asarray(recording.values[list(site.rows), site.window] * factor, dtype=np.float32)
