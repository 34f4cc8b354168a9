"""Washout of the textbook family: density too low, neutron too high, sonic too slow, by one amount each."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import FLOOR, HoleFault, MetreRange, Site, sample_step

# Change within the hole, lowest and highest, in the unit of the curve.
CHANGE = {"RHOB": (-0.8, -0.1), "NPHI": (0.03, 0.3), "DTC": (0.0, 40.0), "DRHO": (0.05, 0.3), "CALI": (1.0, 8.0)}


class TextbookWashout(HoleFault):
    """Add a constant to each curve over an interval with straight flanks.

    References:
        Rider, M. & Kennedy, M. (2011), The Geological Interpretation of Well Logs, 3rd ed., ch. 4 (bad hole).
    """

    ALTERED: ClassVar[tuple[str, ...]] = tuple(CHANGE)
    label: ClassVar[str] = "washout"

    kind: Literal["washout_textbook"] = "washout_textbook"
    length_m: MetreRange = Field(default=(1.5, 20.0), description="length of the enlarged interval [m]")
    flank_m: MetreRange = Field(default=(0.2, 0.8), description="length of each flank [m]")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        samples = out.shape[1]
        flank = max(1.0, rng.uniform(*self.flank_m) / sample_step(recording))
        place = np.arange(1, samples + 1)
        hole = np.minimum(np.minimum(place, place[::-1]) / flank, 1.0)
        for position, row in enumerate(site.rows):
            name = recording.names[row]
            out[position] = np.maximum(out[position] + rng.uniform(*CHANGE[name]) * hole, FLOOR.get(name, -np.inf))
        return out.astype(np.float32)
