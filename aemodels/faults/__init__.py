"""Tool and acquisition faults, injected with labels: one file a kind."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from aemodels.faults.cycle_skip import CycleSkip
from aemodels.faults.dead import Dead
from aemodels.faults.depth_shift import DepthShift
from aemodels.faults.inject import FaultEvent, Injection, inject, row_label
from aemodels.faults.noisy import Noisy
from aemodels.faults.reversed import Reversed
from aemodels.faults.spike import Spike
from aemodels.faults.spiky import Spiky
from aemodels.faults.static_shift import StaticShift
from aemodels.faults.stuck import Stuck
from aemodels.faults.unit import Unit
from aemodels.faults.washout import Washout

LogFaultSpec: TypeAlias = Washout | CycleSkip | Stuck | Spike | DepthShift | Unit
SeismicFaultSpec: TypeAlias = Dead | Reversed | Spiky | StaticShift | Noisy
FaultSpec: TypeAlias = Annotated[LogFaultSpec | SeismicFaultSpec, Field(discriminator="kind")]

__all__ = [
    "CycleSkip",
    "Dead",
    "DepthShift",
    "FaultEvent",
    "FaultSpec",
    "Injection",
    "LogFaultSpec",
    "Noisy",
    "Reversed",
    "SeismicFaultSpec",
    "Spike",
    "Spiky",
    "StaticShift",
    "Stuck",
    "Unit",
    "Washout",
    "inject",
    "row_label",
]
