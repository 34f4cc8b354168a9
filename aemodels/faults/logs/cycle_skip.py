"""Cycle skip: the sonic receiver misses the first arrival and triggers on a later cycle."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import CountRange, CurveFault, MetreRange, Share, Site, sample_step

Slowness = Annotated[float, Field(gt=0.0, le=200.0)]


class CycleSkip(CurveFault):
    """Integer multiples of (period / receiver spacing) added to the sonic, in short erratic runs.

    One missed cycle of 30-120 us (8-30 kHz) over a receiver spacing of 2 ft is 15-60 us/ft. Most skips read too slow;
    triggering on noise reads too fast.

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 19 (borehole compensated
        sonic, cycle skipping).
    """

    kind: Literal["cycle_skip"] = "cycle_skip"
    length_m: MetreRange = Field(default=(1.0, 8.0), description="length of the interval in which skips occur [m]")
    curves: tuple[str, ...] = Field(default=("DTC",), min_length=1, description="sonic curves that may be affected")
    jump: tuple[Slowness, Slowness] = Field(default=(15.0, 60.0), description="slowness added per missed cycle [us/ft]")
    cycles: CountRange = Field(default=(1, 2), description="number of missed cycles")
    run_m: MetreRange = Field(default=(0.15, 0.8), description="length of one run of skipped samples [m]")
    density: Share = Field(default=0.6, description="expected share of the interval that is skipped")
    slow_share: Share = Field(default=0.85, description="share of events that read too slow; the others read too fast")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        jump = rng.uniform(*self.jump)
        if rng.random() >= self.slow_share:
            # not faster than rock: keep at least 40 us/ft (tight dolomite)
            jump = -min(jump, 0.5 * max(float(np.nanmin(out)) - 40.0, 0.0))
        return (out + jump * self._cycles_missed(out.shape[1], sample_step(recording), rng)).astype(np.float32)

    def _cycles_missed(self, samples: int, step: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the missed cycles per sample, float64[samples]: alternating runs, starting with a skipped one."""
        missed = np.zeros(samples)
        start = 0
        while start < samples:
            run = max(1, round(rng.uniform(*self.run_m) / step))
            missed[start : start + run] = rng.integers(self.cycles[0], self.cycles[1] + 1)
            quiet = run * (1.0 - self.density) / self.density
            start += run + max(1, round(rng.uniform(0.5, 1.5) * quiet))
        return missed
