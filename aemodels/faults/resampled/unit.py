"""Scale mistakes of the resampled family: a paper log digitised between the limits of another track."""

from __future__ import annotations

from collections.abc import Container
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site, from_display_scale, to_display_scale

# Usual limits of the tracks that curves are plotted on, left and right; decades for resistivities.
TRACKS: dict[str, tuple[tuple[float, float], ...]] = {
    "GR": ((0.0, 150.0), (0.0, 200.0), (0.0, 100.0), (0.0, 300.0), (20.0, 120.0)),
    "RHOB": ((1.95, 2.95), (2.0, 3.0), (1.7, 2.7), (1.5, 3.0)),
    "NPHI": ((0.45, -0.15), (0.6, 0.0), (0.3, -0.1), (0.54, -0.06)),
    "DTC": ((140.0, 40.0), (240.0, 40.0), (150.0, 50.0), (200.0, 100.0)),
    "RDEP": ((-0.7, 3.3), (-0.7, 2.3), (0.0, 4.0), (-0.7, 1.3)),
}


class ResampledUnit(CurveFault):
    """Replace an interval of one curve by what the limits of another of its usual tracks make of the drawn line."""

    KNOWN: ClassVar[Container[str]] = TRACKS
    label: ClassVar[str] = "unit"

    kind: Literal["unit_resampled"] = "unit_resampled"
    length_m: MetreRange = Field(default=(5.0, 80.0), description="length of the interval [m]")
    curves: tuple[str, ...] = Field(
        default=tuple(TRACKS), min_length=1, description="curves that may be hit; only those with known tracks count"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        for position, row in enumerate(site.rows):
            name = recording.names[row]
            drawn, taken = (TRACKS[name][number] for number in rng.permutation(len(TRACKS[name]))[:2])
            place = (to_display_scale(name, out[position]) - drawn[0]) / (drawn[1] - drawn[0])
            out[position] = from_display_scale(name, taken[0] + place * (taken[1] - taken[0]))
        return out.astype(np.float32)
