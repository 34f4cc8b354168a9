"""Tool and acquisition faults, injected with labels: one file a kind."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.faults.clipped import Clipped
from aemodels.faults.cycle_skip import CycleSkip
from aemodels.faults.dead import Dead
from aemodels.faults.depth_shift import DepthShift
from aemodels.faults.drift import Drift
from aemodels.faults.duplicated import Duplicated
from aemodels.faults.gain import Gain
from aemodels.faults.hum import Hum
from aemodels.faults.inject import FaultEvent, Injection, inject, row_label
from aemodels.faults.near_dead import NearDead
from aemodels.faults.noise_burst import NoiseBurst
from aemodels.faults.noisy import Noisy
from aemodels.faults.repeat import Repeat
from aemodels.faults.reversed import Reversed
from aemodels.faults.saturation import Saturation
from aemodels.faults.spike import Spike
from aemodels.faults.spiky import Spiky
from aemodels.faults.static_shift import StaticShift
from aemodels.faults.stuck import Stuck
from aemodels.faults.tension_pull import TensionPull
from aemodels.faults.unit import Unit
from aemodels.faults.washout import Washout

LogFaultSpec: TypeAlias = (
    Washout | CycleSkip | Stuck | Spike | DepthShift | Unit | Drift | Saturation | TensionPull | NoiseBurst | Repeat
)
SeismicFaultSpec: TypeAlias = (
    Dead | NearDead | Spiky | Clipped | Reversed | StaticShift | Noisy | Hum | Duplicated | Gain
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
    "NearDead",
    "NoiseBurst",
    "Noisy",
    "Repeat",
    "Reversed",
    "Saturation",
    "SeismicFaultSpec",
    "Spike",
    "Spiky",
    "StaticShift",
    "Stuck",
    "TensionPull",
    "Unit",
    "Washout",
    "inject",
    "row_label",
]
