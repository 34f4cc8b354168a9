"""Spikes of the textbook family: one sample, or a triangle of three."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, FactorRange, Site, from_display_scale, scale_range, to_display_scale


class TextbookSpike(CurveFault):
    """Add a peak to one curve, to either side."""

    label: ClassVar[str] = "spike"

    kind: Literal["spike_textbook"] = "spike_textbook"
    height: FactorRange = Field(default=(0.2, 1.2), description="height as a share of the curve's 0.5-99.5 % range")

    @override
    def draw_length(self, recording: Recording, rng: np.random.Generator) -> tuple[int, int]:
        return 1, int(rng.choice([1, 3]))

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        samples = out.shape[1]
        place = np.arange(1, samples + 1)
        peak = np.minimum(place, place[::-1]) / ((samples + 1) // 2)
        for position, row in enumerate(site.rows):
            name = recording.names[row]
            change = scale_range(recording, row) * rng.uniform(*self.height) * rng.choice([-1.0, 1.0]) * peak
            out[position] = from_display_scale(name, to_display_scale(name, out[position]) + change)
        return out.astype(np.float32)
