"""Stuck readings of the simulated family: a sample-and-hold stage that leaks, or toggles by its last bit."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site, from_display_scale, scale_range, to_display_scale


class SimulatedStuck(CurveFault):
    """Hold the last reading; in a part of the events it relaxes exponentially, in another the last bit toggles."""

    label: ClassVar[str] = "stuck"

    kind: Literal["stuck_simulated"] = "stuck_simulated"
    length_m: MetreRange = Field(default=(1.5, 15.0), description="length of the line [m]")
    leak: tuple[float, float] = Field(
        default=(0.0, 0.02), description="share of the curve's range by which a leaking stage moves"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        for position, row in enumerate(site.rows):
            name = recording.names[row]
            before = recording.values[row, max(site.start - 1, 0) : site.stop]
            held = to_display_scale(name, before[np.isfinite(before)][:1])[0]
            out[position] = from_display_scale(name, held + self._wander(recording, row, out.shape[1], rng))
        return out.astype(np.float32)

    def _wander(self, recording: Recording, row: int, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the movement of the held reading, float64[samples]."""
        spread = scale_range(recording, row)
        form = rng.integers(3)
        if form == 0:
            return np.zeros(samples)
        if form == 1:
            decay = np.exp(-np.arange(samples) / (samples * rng.uniform(0.2, 1.0)))
            return np.asarray(spread * rng.uniform(*self.leak) * rng.choice([-1.0, 1.0]) * (1 - decay))
        return np.asarray(spread / 1024 * rng.integers(0, 2, samples))
