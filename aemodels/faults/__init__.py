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
from aemodels.faults.randomised.cycle_skip import RandomCycleSkip
from aemodels.faults.randomised.depth_shift import RandomDepthShift
from aemodels.faults.randomised.spike import RandomSpike
from aemodels.faults.randomised.stuck import RandomStuck
from aemodels.faults.randomised.unit import RandomUnit
from aemodels.faults.randomised.washout import RandomWashout
from aemodels.faults.resampled.cycle_skip import ResampledCycleSkip
from aemodels.faults.resampled.depth_shift import ResampledDepthShift
from aemodels.faults.resampled.spike import ResampledSpike
from aemodels.faults.resampled.stuck import ResampledStuck
from aemodels.faults.resampled.unit import ResampledUnit
from aemodels.faults.resampled.washout import ResampledWashout
from aemodels.faults.simulated.cycle_skip import SimulatedCycleSkip
from aemodels.faults.simulated.depth_shift import SimulatedDepthShift
from aemodels.faults.simulated.spike import SimulatedSpike
from aemodels.faults.simulated.stuck import SimulatedStuck
from aemodels.faults.simulated.unit import SimulatedUnit
from aemodels.faults.simulated.washout import SimulatedWashout
from aemodels.faults.textbook.cycle_skip import TextbookCycleSkip
from aemodels.faults.textbook.depth_shift import TextbookDepthShift
from aemodels.faults.textbook.spike import TextbookSpike
from aemodels.faults.textbook.stuck import TextbookStuck
from aemodels.faults.textbook.unit import TextbookUnit
from aemodels.faults.textbook.washout import TextbookWashout
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
RandomisedLogFault: TypeAlias = (
    RandomWashout | RandomCycleSkip | RandomStuck | RandomSpike | RandomDepthShift | RandomUnit
)
SimulatedLogFault: TypeAlias = (
    SimulatedWashout | SimulatedCycleSkip | SimulatedStuck | SimulatedSpike | SimulatedDepthShift | SimulatedUnit
)
ResampledLogFault: TypeAlias = (
    ResampledWashout | ResampledCycleSkip | ResampledStuck | ResampledSpike | ResampledDepthShift | ResampledUnit
)
TextbookLogFault: TypeAlias = (
    TextbookWashout | TextbookCycleSkip | TextbookStuck | TextbookSpike | TextbookDepthShift | TextbookUnit
)
SeismicFaultSpec: TypeAlias = (
    Dead | NearDead | TraceSpikes | Clipped | Reversed | StaticShift | Noisy | Hum | Duplicated | Gain
)
FaultSpec: TypeAlias = Annotated[
    LogFaultSpec | RandomisedLogFault | SimulatedLogFault | ResampledLogFault | TextbookLogFault | SeismicFaultSpec,
    Field(discriminator="kind"),
]

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
    "RandomCycleSkip",
    "RandomDepthShift",
    "RandomSpike",
    "RandomStuck",
    "RandomUnit",
    "RandomWashout",
    "RandomisedLogFault",
    "Repeat",
    "ResampledCycleSkip",
    "ResampledDepthShift",
    "ResampledLogFault",
    "ResampledSpike",
    "ResampledStuck",
    "ResampledUnit",
    "ResampledWashout",
    "Reversed",
    "Saturation",
    "SeismicFaultSpec",
    "SimulatedCycleSkip",
    "SimulatedDepthShift",
    "SimulatedLogFault",
    "SimulatedSpike",
    "SimulatedStuck",
    "SimulatedUnit",
    "SimulatedWashout",
    "StaticShift",
    "Stuck",
    "TensionPull",
    "TextbookCycleSkip",
    "TextbookDepthShift",
    "TextbookLogFault",
    "TextbookSpike",
    "TextbookStuck",
    "TextbookUnit",
    "TextbookWashout",
    "TraceSpikes",
    "Unit",
    "Washout",
    "inject",
    "row_label",
]
