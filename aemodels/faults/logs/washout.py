"""Washout: an enlarged hole in which pad and mandrel tools read mud instead of rock."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import HoleFault, MetreRange, ShareRange, Site, sample_step, smooth_noise

# Share of mud in each tool's reading where the density pad reads mud only: density is a shallow pad tool, the neutron
# reads deeper, and the compensated sonic follows the wall unless it skips.
MUD_SHARE = {"RHOB": 1.0, "NPHI": 0.4, "DTC": 0.45}
MUD_NPHI = 1.0  # hydrogen index of water-based mud [v/v]
DRHO_GAIN = 0.25  # largest correction of the density tool [g/cm3]


class Washout(HoleFault):
    """Mud mixed into RHOB, NPHI and DTC, and CALI enlarged, over a tapered and rugose interval.

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 12-13 (standoff of density
        and neutron tools); Rider, M. & Kennedy, M. (2011), The Geological Interpretation of Well Logs, 3rd ed., ch. 4.
    """

    ALTERED: ClassVar[tuple[str, ...]] = ("RHOB", "NPHI", "DTC", "DRHO", "CALI")

    kind: Literal["washout"] = "washout"
    length_m: MetreRange = Field(default=(3.0, 20.0), description="length of the enlarged interval [m]")
    severity: ShareRange = Field(
        default=(0.35, 0.85), description="share of mud in the density reading at the worst depth"
    )
    taper: Annotated[float, Field(ge=0.0, le=0.5)] = Field(
        default=0.2, description="share of the length over which the hole widens, and over which it narrows"
    )
    rugosity: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        default=0.2, description="relative roughness of the wall (standard deviation of the mud share)"
    )
    rugosity_m: MetreRange = Field(default=(0.2, 0.6), description="correlation length of the roughness [m]")
    mud_density: tuple[Annotated[float, Field(ge=0.9, le=2.0)], Annotated[float, Field(ge=0.9, le=2.0)]] = Field(
        default=(1.0, 1.2), description="density of the mud [g/cm3]"
    )
    mud_slowness: tuple[Annotated[float, Field(ge=150.0, le=250.0)], Annotated[float, Field(ge=150.0, le=250.0)]] = (
        Field(default=(189.0, 200.0), description="slowness of the mud [us/ft]; 189 salt, 200 oil-based")
    )
    enlargement_in: MetreRange = Field(
        default=(2.0, 6.0), description="increase of the caliper at the worst depth [in]"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        share = self._mud_share(site.stop - site.start, sample_step(recording), rng)
        ends = {
            "RHOB": rng.uniform(*self.mud_density),
            "NPHI": MUD_NPHI,
            "DTC": rng.uniform(*self.mud_slowness),
        }
        opening = rng.uniform(*self.enlargement_in)
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        for position, row in enumerate(site.rows):
            name = recording.names[row]
            if name in ends:
                weight = MUD_SHARE[name] * share
                mixed = (1.0 - weight) * out[position] + weight * ends[name]
                # mud is never denser, drier or faster than the rock it replaces
                out[position] = np.minimum(out[position], mixed) if name == "RHOB" else np.maximum(out[position], mixed)
            else:
                out[position] += share / self.severity[1] * (opening if name == "CALI" else DRHO_GAIN)
        return out.astype(np.float32)

    def _mud_share(self, samples: int, step: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the share of mud in the density reading, float64[samples] in [0, 0.95]: a tapered, rugose plateau."""
        position = (np.arange(samples) + 0.5) / samples
        edge = np.minimum(position, 1.0 - position) / max(self.taper, 1e-6)
        plateau = 0.5 - 0.5 * np.cos(np.pi * np.clip(edge, 0.0, 1.0))
        rough = 1.0 + self.rugosity * smooth_noise(samples, rng.uniform(*self.rugosity_m) / step, rng)
        share: NDArray[np.float64] = np.clip(rng.uniform(*self.severity) * plateau * rough, 0.0, 0.95)
        return share
