"""Tool and acquisition faults, injected with labels: one file per kind."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.faults.inject import FaultEvent, Injection, inject, row_label
from aemodels.faults.logs.cycle_skip import CycleSkip
from aemodels.faults.logs.depth_shift import DepthShift
from aemodels.faults.logs.drift import Drift
from aemodels.faults.logs.noise_burst import NoiseBurst
from aemodels.faults.logs.repeat import Repeat
from aemodels.faults.logs.saturation import Saturation
from aemodels.faults.logs.spike import LogSpike
from aemodels.faults.logs.stuck import Stuck
from aemodels.faults.logs.tension_pull import TensionPull
from aemodels.faults.logs.unit import Unit
from aemodels.faults.logs.washout import Washout
from aemodels.faults.traces.clipped import Clipped
from aemodels.faults.traces.dead import Dead
from aemodels.faults.traces.duplicated import Duplicated
from aemodels.faults.traces.gain import Gain
from aemodels.faults.traces.hum import Hum
from aemodels.faults.traces.near_dead import NearDead
from aemodels.faults.traces.noisy import Noisy
from aemodels.faults.traces.reversed import Reversed
from aemodels.faults.traces.spiky import TraceSpikes
from aemodels.faults.traces.static_shift import StaticShift

LogFaultSpec: TypeAlias = (
    Washout | CycleSkip | Stuck | LogSpike | DepthShift | Unit | Drift | Saturation | TensionPull | NoiseBurst | Repeat
)
SeismicFaultSpec: TypeAlias = (
    Dead | NearDead | TraceSpikes | Clipped | Reversed | StaticShift | Noisy | Hum | Duplicated | Gain
)
FaultSpec: TypeAlias = Annotated[LogFaultSpec | SeismicFaultSpec, Field(discriminator="kind")]

__all__ = [
    "Clipped",
    "CycleSkip",
    "Dead",
    "DepthShift",
    "Drift",
    "Duplicated",
    "FaultEvent",
    "FaultSpec",
    "Gain",
    "Hum",
    "Injection",
    "LogFaultSpec",
    "LogSpike",
    "NearDead",
    "NoiseBurst",
    "Noisy",
    "Repeat",
    "Reversed",
    "Saturation",
    "SeismicFaultSpec",
    "StaticShift",
    "Stuck",
    "TensionPull",
    "TraceSpikes",
    "Unit",
    "Washout",
    "inject",
    "row_label",
]
