"""Depth shift of the simulated family: a cable that stretches and slips, for one tool or for a whole string."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import LogFault, MetreRange, Site, Target, read_off_depth

Floats: TypeAlias = NDArray[np.float64]


class SimulatedDepthShift(LogFault):
    """Read one curve, or those of one tool, along a path that lags behind and catches up.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (yo-yo, cable stretch, splices).
    """

    label: ClassVar[str] = "depth_shift"
    TOOLS: ClassVar[tuple[tuple[str, ...], ...]] = (("GR",), ("RHOB", "NPHI"), ("DTC",), ("RDEP",), ("NPHI",))

    kind: Literal["depth_shift_simulated"] = "depth_shift_simulated"
    length_m: MetreRange = Field(default=(8.0, 50.0), description="length of the interval off depth [m]")
    shift_m: MetreRange = Field(default=(0.8, 4.0), description="largest shift [m]; up or down at random")

    @override
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        if recording.kind != self.records:
            return ()
        known = [[name for name in tool if name in recording.names] for tool in self.TOOLS]
        rows = [tuple(recording.names.index(name) for name in tool) for tool in known if tool]
        return tuple(Target(rows=tool, required=tool) for tool in dict.fromkeys(rows))

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        lag = self._lag(site.stop - site.start, rng)
        return np.stack([read_off_depth(recording, row, site.window, lag) for row in site.rows]).astype(np.float32)

    def _lag(self, samples: int, rng: np.random.Generator) -> Floats:
        """Return the lag of each sample [m], float64[samples]."""
        size = rng.uniform(*self.shift_m) * rng.choice([-1.0, 1.0])
        phase = np.linspace(0.0, 1.0, samples)
        form = rng.integers(4)
        if form == 0:  # a splice: sudden at both ends
            return np.full(samples, size)
        if form == 1:  # the cable stretches, then slips back at once
            return np.asarray(size * np.minimum(phase / rng.uniform(0.3, 0.9), 1.0))
        if form == 2:  # it lags behind and catches up
            return np.asarray(size * 0.5 * (1 - np.cos(2 * np.pi * phase)))
        return np.asarray(size * (0.8 + 0.2 * np.cos(2 * np.pi * phase * rng.integers(1, 4))))
