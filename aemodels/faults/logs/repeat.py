"""Repeat: a repeat section, or another pass, spliced in at the wrong depth."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import MetreRange, Site, StringFault, sample_step


class Repeat(StringFault):
    """An interval of all curves copied to a shallower or deeper depth, with a splice at each end.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (repeat sections, splices).
    """

    kind: Literal["repeat"] = "repeat"
    length_m: MetreRange = Field(default=(5.0, 30.0), description="length of the repeated interval [m]")
    distance_m: MetreRange = Field(
        default=(5.0, 60.0), description="distance between the correct and the wrong depth [m]"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        shift = max(1, round(rng.uniform(*self.distance_m) / sample_step(recording))) * int(rng.choice([-1, 1]))
        last = recording.axis.size - 1
        if site.start + shift < 0 or site.stop - 1 + shift > last:  # no data there: take the other side
            shift = -shift
        indices = np.clip(np.arange(site.start, site.stop) + shift, 0, last)
        own = recording.values[list(site.rows), site.window]
        other = recording.values[list(site.rows)][:, indices]
        return np.where(np.isfinite(other), other, own).astype(np.float32)
