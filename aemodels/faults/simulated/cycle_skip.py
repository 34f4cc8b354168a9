"""Cycle skip of the simulated family: a detector that loses the first arrival from sample to sample."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CurveFault, MetreRange, Site

Kilohertz = Annotated[float, Field(gt=0.0, le=50.0)]


class SimulatedCycleSkip(CurveFault):
    """Simulate the far and the near receivers of a two-foot span as Markov chains of hits and missed cycles.

    A far receiver that misses a cycle reads too slow by one period over the span, a near one too fast; in noise the
    time of a hit is drawn at random.

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 19 (first-motion
        detection, borehole compensation).
    """

    label: ClassVar[str] = "cycle_skip"

    kind: Literal["cycle_skip_simulated"] = "cycle_skip_simulated"
    length_m: MetreRange = Field(default=(0.6, 12.0), description="length of the interval [m]")
    curves: tuple[str, ...] = Field(default=("DTC",), min_length=1, description="sonic curves that may be hit")
    frequency_khz: tuple[Kilohertz, Kilohertz] = Field(
        default=(9.0, 25.0), description="frequency of the compressional arrival [kHz]"
    )
    stay: tuple[float, float] = Field(
        default=(0.3, 0.95), description="probability that a receiver that misses misses the next sample too"
    )

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        samples = out.shape[1]
        period = 1000.0 / rng.uniform(*self.frequency_khz)  # us
        far, near = self._missed(samples, rng), self._missed(samples, rng)
        only_far = rng.random() < 0.75
        delay = (far - (0 if only_far else near)) * period / 2.0  # over a span of two feet
        noisy = (rng.random(samples) < rng.uniform(0.0, 0.25)) * rng.normal(0.0, period / 4.0, samples)
        return np.maximum(out + delay + noisy, 40.0).astype(np.float32)

    def _missed(self, samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Missed cycles of one receiver, float64[samples]; the first sample is missed."""
        stay, begin = rng.uniform(*self.stay), rng.uniform(0.1, 0.6)
        missed = np.zeros(samples)
        missing = True
        for sample in range(samples):
            missed[sample] = (2.0 if rng.random() < 0.1 else 1.0) if missing else 0.0
            missing = rng.random() < (stay if missing else begin)
        return missed
