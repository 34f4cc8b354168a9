"""Spike: one to three outlying samples, from telemetry errors or electrical noise."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import FLOOR, RESISTIVITIES, CountRange, CurveFault, FactorRange, Site


class LogSpike(CurveFault):
    """1-3 samples of one curve displaced by a large share of its range (resistivity: of its logarithmic range)."""

    kind: Literal["spike"] = "spike"
    samples: CountRange = Field(default=(1, 3), description="samples per event; all have the same sign")
    height: FactorRange = Field(default=(0.3, 1.0), description="height as a share of the curve's 0.5-99.5 % range")

    @override
    def draw_length(self, recording: Recording, rng: np.random.Generator) -> tuple[int, int]:
        return self.samples[0], int(rng.integers(self.samples[0], self.samples[1] + 1))

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        rows = [self._spiked(recording, row, site, rng) for row in site.rows]
        return np.stack(rows).astype(np.float32)

    def _spiked(self, recording: Recording, row: int, site: Site, rng: np.random.Generator) -> NDArray[np.float64]:
        name, curve = recording.names[row], recording.values[row].astype(np.float64)
        logarithmic = name in RESISTIVITIES
        if logarithmic:
            curve = np.log10(np.maximum(curve, 1e-3))
        low, high = np.nanpercentile(curve, [0.5, 99.5])
        height = rng.uniform(*self.height) * (high - low)
        up = curve[site.window] + height * rng.uniform(0.7, 1.0, site.stop - site.start)
        down = 2.0 * curve[site.window] - up
        if logarithmic:
            return np.asarray(10.0 ** (up if rng.random() < 0.5 else down))
        # spike upwards if the downward spike would be below the minimum reading
        fits = float(np.nanmin(down)) > FLOOR.get(name, -np.inf)
        return np.asarray(up if rng.random() < 0.5 or not fits else down)
