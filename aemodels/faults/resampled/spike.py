"""Spikes of the resampled family: readings of another depth, written by a fault of the transmission."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import BoolArray, Recording
from aemodels.faults.base import CurveFault, Share, Site, from_display_scale, scale_range, to_display_scale
from aemodels.faults.resampled.other_depths import readings


class ResampledSpike(CurveFault):
    """Put a reading of another depth, far enough from those around it, in the place of some samples."""

    label: ClassVar[str] = "spike"

    kind: Literal["spike_resampled"] = "spike_resampled"
    height: Share = Field(default=0.2, description="smallest change as a share of the curve's 0.5-99.5 % range")

    @override
    def draw_length(self, recording: Recording, rng: np.random.Generator) -> tuple[int, int]:
        return 1, int(rng.choice([1, 1, 1, 2, 3, 7]))

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        samples = out.shape[1]
        hit: BoolArray = np.asarray(rng.random(samples) < 0.5)
        hit[[0, -1]] = True
        for position, row in enumerate(site.rows):
            name = recording.names[row]
            here = to_display_scale(name, out[position])
            others = readings(recording, row)
            distance = np.abs(others - np.nanmedian(here))
            far = others[distance >= self.height * scale_range(recording, row)]
            taken = rng.choice(far if far.size else others[[int(np.argmax(distance))]], samples)
            out[position] = np.where(hit, from_display_scale(name, taken), out[position])
        return out.astype(np.float32)
