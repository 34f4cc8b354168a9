"""Washout of the resampled family: the hole is as wide as another interval of the well is shaly, porous or slow."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import uniform_filter1d
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import HoleFault, MetreRange, ShareRange, Site, sample_step
from aemodels.faults.resampled.other_depths import Floats, pattern

# What mud reads, and by how much of the share of mud in the density reading a tool is hit: lowest and highest.
MUD = {"RHOB": 1.05, "NPHI": 1.0, "DTC": 195.0, "GR": 20.0}
HIT = {"RHOB": (1.0, 1.0), "NPHI": (0.2, 0.6), "DTC": (0.0, 0.5), "GR": (0.0, 0.25)}
CALIPER_IN, CORRECTION = 9.0, 0.3  # at a share of one
IN_GAUGE = 0.3  # of the pattern: below it the hole has the size of the bit


class ResampledWashout(HoleFault):
    """Mix mud into density, neutron, slowness and gamma ray where another interval of the well has its high readings.

    Weak beds wash out and hard ones stand: holes have the rhythm of the rock, not a shape of their own.

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 12-13 (standoff).
    """

    ALTERED: ClassVar[tuple[str, ...]] = (*MUD, "DRHO", "CALI")
    label: ClassVar[str] = "washout"

    kind: Literal["washout_resampled"] = "washout_resampled"
    length_m: MetreRange = Field(default=(1.5, 30.0), description="length of the enlarged interval [m]")
    severity: ShareRange = Field(
        default=(0.25, 0.9), description="share of mud in the density reading at the worst depth"
    )
    aperture_m: MetreRange = Field(default=(0.3, 0.7), description="interval that the tools average over [m]")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        hole = self._share(recording, site, rng)
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        for position, row in enumerate(site.rows):
            name = recording.names[row]
            if name in MUD:
                out[position] += hole * rng.uniform(*HIT[name]) * (MUD[name] - out[position])
            else:
                out[position] += hole * (CALIPER_IN if name == "CALI" else CORRECTION)
        return out.astype(np.float32)

    def _share(self, recording: Recording, site: Site, rng: np.random.Generator) -> Floats:
        """Return the share of mud in the density reading, float64[sample of the site]."""
        wall = np.maximum(pattern(recording, site, rng) - IN_GAUGE, 0.0)
        width = max(1, round(rng.uniform(*self.aperture_m) / sample_step(recording)))
        wall = uniform_filter1d(wall, min(width, wall.size), mode="nearest")
        return np.asarray(wall / max(float(wall.max()), 1e-9) * rng.uniform(*self.severity))
