"""Spikes of the simulated family: impulses of heavy-tailed height through the recorder's filter."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, FactorRange, Site, from_display_scale, scale_range, to_display_scale


class SimulatedSpike(CurveFault):
    """Add impulses at Poisson times, their heights Pareto-distributed, spread by a short filter with undershoot."""

    label: ClassVar[str] = "spike"

    kind: Literal["spike_simulated"] = "spike_simulated"
    height: FactorRange = Field(
        default=(0.15, 1.5), description="height as a share of the curve's 0.5-99.5 % range, lowest and highest"
    )

    @override
    def draw_length(self, recording: Recording, rng: np.random.Generator) -> tuple[int, int]:
        return 1, int(rng.choice([1, 1, 2, 3, 5, 9]))

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        samples = out.shape[1]
        impulses = np.zeros(samples)
        impulses[0] = 1.0
        if samples > 3:
            impulses[1:] = (rng.random(samples - 1) < 0.2) * rng.choice([-1.0, 1.0], samples - 1)
        response = np.array([1.0, rng.uniform(0.0, 0.6), -rng.uniform(0.0, 0.3)])
        shape = np.convolve(impulses, response)[:samples]
        for position, row in enumerate(site.rows):
            name = recording.names[row]
            share = min(self.height[0] * (1.0 - rng.random()) ** (-1 / 1.5), self.height[1])
            change = scale_range(recording, row) * share * shape * rng.choice([-1.0, 1.0])
            out[position] = from_display_scale(name, to_display_scale(name, out[position]) + change)
        return out.astype(np.float32)
