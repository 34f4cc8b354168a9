"""Noise burst: erratic readings of one curve over a few metres."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import (
    CurveFault,
    MetreRange,
    ShareRange,
    Site,
    from_display_scale,
    sample_step,
    scale_range,
    smooth_noise,
    to_display_scale,
)


class NoiseBurst(CurveFault):
    """Noise correlated over a few samples on one curve (resistivity: on its logarithm), as from bad contacts.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (electronic noise, road noise).
    """

    kind: Literal["noise_burst"] = "noise_burst"
    length_m: MetreRange = Field(default=(2.0, 15.0), description="length of the burst [m]")
    level: ShareRange = Field(
        default=(0.06, 0.25), description="standard deviation as a share of the curve's 0.5-99.5 % range"
    )
    correlation_m: MetreRange = Field(default=(0.02, 0.3), description="correlation length of the noise [m]")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        samples = site.stop - site.start
        level, correlation = rng.uniform(*self.level), rng.uniform(*self.correlation_m) / sample_step(recording)
        rows = []
        for row in site.rows:
            name = recording.names[row]
            noise = level * scale_range(recording, row) * smooth_noise(samples, correlation, rng)
            rows.append(from_display_scale(name, to_display_scale(name, recording.values[row, site.window]) + noise))
        return np.stack(rows).astype(np.float32)
