"""Drift: a calibration error, constant or growing along an interval."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import (
    CurveFault,
    FactorRange,
    MetreRange,
    Share,
    Site,
    Target,
    from_display_scale,
    to_display_scale,
)

# Tolerances between the calibration checks before and after a survey: gAPI, g/cm3, v/v, us/ft, decades (10 %).
TOLERANCE = {"GR": 5.0, "RHOB": 0.025, "NPHI": 0.015, "DTC": 2.0, "DTS": 4.0, "RDEP": 0.04, "RMED": 0.04, "RSHA": 0.04}


class Drift(CurveFault):
    """An offset of several calibration tolerances: constant (miscalibration) or growing from zero (drift).

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (calibrations before and after the
        survey and their tolerances; drift with temperature).
    """

    kind: Literal["drift"] = "drift"
    length_m: MetreRange = Field(default=(20.0, 80.0), description="length of the miscalibrated interval [m]")
    tolerances: FactorRange = Field(
        default=(4.0, 12.0),
        description="largest offset as a multiple of the tolerance between two checks (GR 5 gAPI, RHOB 0.025 g/cm3, "
        "NPHI 0.015 v/v, DTC 2 us/ft, resistivity 10 %)",
    )
    ramp_share: Share = Field(default=0.5, description="share of events that grow from zero; the others are constant")

    @override
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        return tuple(target for target in super().targets(recording) if recording.names[target.rows[0]] in TOLERANCE)

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        samples = site.stop - site.start
        shape = np.linspace(0.0, 1.0, samples + 1)[1:] if rng.random() < self.ramp_share else np.ones(samples)
        offset = shape * rng.uniform(*self.tolerances) * rng.choice([-1.0, 1.0])
        rows = [
            from_display_scale(
                name, to_display_scale(name, recording.values[row, site.window]) + offset * TOLERANCE[name]
            )
            for row, name in ((row, recording.names[row]) for row in site.rows)
        ]
        return np.stack(rows).astype(np.float32)
