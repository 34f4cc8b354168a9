"""Washout of the simulated family: a hole of random shape, and each tool's answer to its standoff."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import gaussian_filter1d, uniform_filter1d
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import HoleFault, MetreRange, Site, sample_step

Inch = Annotated[float, Field(gt=0.0, le=20.0)]
# Depth of investigation: the standoff [in] at which a tool sees as much mud as rock, and what mud reads.
DEPTH_IN = {"RHOB": 0.8, "NPHI": 3.5, "DTC": 4.5, "GR": 9.0}
MUD = {"RHOB": 1.15, "NPHI": 0.95, "DTC": 190.0, "GR": 15.0}
RESOLUTION_M = {"RHOB": 0.3, "NPHI": 0.5, "DTC": 0.6, "GR": 0.3}
# A pad follows the wall until the hole is this much larger than the bit; mandrel tools stand off by half of it.
PAD_REACH_IN = 1.5


class SimulatedWashout(HoleFault):
    """Enlarge the hole by breakouts of random place and size, and mix mud in by each tool's depth of investigation.

    The share of mud is 1 - exp(-standoff / depth of investigation), averaged over the tool's vertical resolution.

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 12-13 (geometrical factors
        of density and neutron tools); Plumb, R. A. & Hickman, S. H. (1985), J. Geophys. Res. 90, 5513 (breakouts).
    """

    ALTERED: ClassVar[tuple[str, ...]] = (*DEPTH_IN, "DRHO", "CALI")
    label: ClassVar[str] = "washout"

    kind: Literal["washout_simulated"] = "washout_simulated"
    length_m: MetreRange = Field(default=(2.0, 25.0), description="length of the enlarged interval [m]")
    enlargement_in: tuple[Inch, Inch] = Field(
        default=(1.0, 7.0), description="largest enlargement over the bit size [in], lowest and highest"
    )
    breakouts: tuple[int, int] = Field(default=(1, 8), description="number of breakouts in an interval")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        step = sample_step(recording)
        hole = self._enlargement(site.stop - site.start, rng)
        pad = np.maximum(hole - PAD_REACH_IN * rng.uniform(0.3, 1.0), 0.0) + 0.1 * hole
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        for position, row in enumerate(site.rows):
            name = recording.names[row]
            if name == "CALI":
                out[position] += hole
            elif name == "DRHO":
                out[position] += 0.08 * np.minimum(pad, 3.0)
            else:
                standoff = pad if name == "RHOB" else hole / 2
                depth = DEPTH_IN[name] * rng.uniform(0.7, 1.5)
                share = 1.0 - np.exp(-standoff / depth)
                share = uniform_filter1d(share, max(1, round(RESOLUTION_M[name] / step)), mode="nearest")
                out[position] += share * (MUD[name] - out[position])
        return out.astype(np.float32)

    def _enlargement(self, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Enlargement over the bit size [in], float64[samples]: breakouts on top of each other."""
        place = np.arange(samples)
        hole = np.zeros(samples)
        for _ in range(int(rng.integers(self.breakouts[0], self.breakouts[1] + 1))):
            middle, half = rng.uniform(0, samples), samples * rng.uniform(0.03, 0.3)
            lobe = np.abs(place - middle) / half
            hole += rng.uniform(0.3, 1.0) * np.maximum(1 - lobe ** rng.choice([1.0, 2.0, 4.0]), 0)
        hole = gaussian_filter1d(hole, rng.uniform(0.5, 2.0), mode="nearest")
        return np.asarray(hole / max(float(hole.max()), 1e-9) * rng.uniform(*self.enlargement_in))
