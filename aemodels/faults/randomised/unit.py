"""Scale mistakes of the randomised family: units, gains, offsets, decimals, logarithms, of any curve or part of it."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import RESISTIVITIES, MetreRange, Site, scale_range
from aemodels.faults.logs.unit import UNIT_FACTORS
from aemodels.faults.randomised.shapes import Floats, Probability, RandomisedCurveFault, log_uniform

OTHER_FACTORS = (0.001, 0.01, 0.1, 10.0, 100.0, 1000.0, 0.3048, 1 / 0.3048, 62.428, 2.54, 1 / 2.54)


class RandomUnit(RandomisedCurveFault):
    """Multiply an interval of a curve by a factor, or add an offset to it, or both.

    The factor is the curve's usual unit mistake, a common conversion, or any gain that is not close to one.
    """

    label: ClassVar[str] = "unit"

    kind: Literal["unit_random"] = "unit_random"
    length_m: MetreRange = Field(default=(3.0, 100.0), description="length of the interval [m]; drawn log-uniformly")
    joint: Probability = Field(default=0.05, description="share of the events that hit several curves at once")
    usual: Probability = Field(default=0.4, description="share of the mistakes that are the curve's usual one")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        for position in self.picked(out, rng):
            row = site.rows[position]
            out[position] = self._mistaken(recording, row, out[position], rng)
        return out.astype(np.float32)

    def _mistaken(self, recording: Recording, row: int, values: Floats, rng: np.random.Generator) -> Floats:
        name = recording.names[row]
        draw = rng.random()
        if draw < self.usual and name in UNIT_FACTORS:
            return np.asarray(values * UNIT_FACTORS[name])
        if draw < self.usual + 0.15:
            return np.asarray(values * rng.choice(OTHER_FACTORS))
        if draw < self.usual + 0.4 or name in RESISTIVITIES:
            return np.asarray(values * log_uniform(1.3, 5.0, rng) ** rng.choice([-1.0, 1.0]))
        offset = scale_range(recording, row) * log_uniform(0.2, 1.5, rng) * rng.choice([-1.0, 1.0])
        gain = log_uniform(0.7, 1.4, rng) if rng.random() < 0.3 else 1.0
        return np.asarray(values * gain + offset)
