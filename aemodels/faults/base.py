"""Base classes of the fault kinds, and helpers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Container
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from typing_extensions import override

from aemodels.core.spec import Spec
from aemodels.core.types import Kind, Recording

MODELLED_CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")
RESISTIVITIES = frozenset({"RDEP", "RMED", "RSHA", "RXO"})  # displayed on a logarithmic scale
# minimum readings, of faulty tools too
FLOOR = {"GR": 0.0, "RHOB": 0.5, "NPHI": -0.15, "DTC": 30.0, "DTS": 40.0}


Metres: TypeAlias = Annotated[float, Field(gt=0.0, le=500.0)]
MetreRange: TypeAlias = tuple[Metres, Metres]
Share: TypeAlias = Annotated[float, Field(gt=0.0, le=1.0)]
ShareRange: TypeAlias = tuple[Share, Share]
Factor: TypeAlias = Annotated[float, Field(gt=0.0, le=100.0)]
FactorRange: TypeAlias = tuple[Factor, Factor]
Count: TypeAlias = Annotated[int, Field(ge=1, le=1000)]
CountRange: TypeAlias = tuple[Count, Count]


@dataclass(frozen=True)
class Target:
    """Channels that an event may alter.

    Args:
        rows: rows of `Recording.values` that are altered where observed.
        required: rows that must be observed for the event to be meaningful.
    """

    rows: tuple[int, ...]
    required: tuple[int, ...]


@dataclass(frozen=True)
class Site:
    """Location of an event: rows of `Recording.values` and samples start .. stop (exclusive).

    Rows in `protected` are not altered by other events there.
    """

    rows: tuple[int, ...]
    start: int
    stop: int
    protected: tuple[int, ...] = ()

    @property
    def window(self) -> slice:
        """The samples as a slice."""
        return slice(self.start, self.stop)


class FaultBase(Spec):
    """A fault of a tool or of the acquisition."""

    records: ClassVar[Kind]
    label: ClassVar[str] = ""

    @model_validator(mode="after")
    def _ranges_are_ordered(self) -> Self:
        for name in type(self).model_fields:
            match getattr(self, name):
                case (float() | int() as low, float() | int() as high) if low > high:
                    raise ValueError(f"{name} is ({low}, {high}); write the lower bound first")
        return self

    @abstractmethod
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        """Return the groups of channels that an event can alter; empty if the fault does not apply to the recording."""

    @abstractmethod
    def draw_length(self, recording: Recording, rng: np.random.Generator) -> tuple[int, int]:
        """Return the minimum and the drawn length of an event in samples."""

    @abstractmethod
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return the faulty values, float32[row of the site, sample of the site].

        Args:
            recording: the clean recording, in canonical units; it is not changed.
            site: rows and samples to replace.
            rng: random generator.
        """


class LogFault(FaultBase):
    """A fault of well logs; lengths are in metres along the hole."""

    records: ClassVar[Kind] = "logs"
    length_m: MetreRange = Field(default=(3.0, 20.0), description="length of an event [m]; drawn uniformly")

    @override
    def draw_length(self, recording: Recording, rng: np.random.Generator) -> tuple[int, int]:
        step = sample_step(recording)
        shortest = max(1, round(self.length_m[0] / step))
        return shortest, max(shortest, round(rng.uniform(*self.length_m) / step))


class CurveFault(LogFault):
    """A fault of one curve at a time."""

    KNOWN: ClassVar[Container[str] | None] = None  # curves that the fault is known for; None = any

    curves: tuple[str, ...] = Field(
        default=MODELLED_CURVES,
        min_length=1,
        description="canonical names of the curves that may be affected, one per event",
    )

    @override
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        if recording.kind != self.records:
            return ()
        known = [name for name in self.curves if self.KNOWN is None or name in self.KNOWN]
        rows = (recording.names.index(name) for name in known if name in recording.names)
        return tuple(Target(rows=(row,), required=(row,)) for row in rows)


class HoleFault(LogFault):
    """A fault of the hole: it is injected where the first known of density, neutron and sonic is observed."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("RHOB", "NPHI", "DTC")
    ALTERED: ClassVar[tuple[str, ...]]  # canonical names of the curves that may be hit

    @override
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        names = recording.names
        required = [name for name in self.REQUIRED if name in names]
        if recording.kind != self.records or not required:
            return ()
        rows = tuple(names.index(name) for name in self.ALTERED if name in names)
        return (Target(rows=rows, required=(names.index(required[0]),)),)


class StringFault(LogFault):
    """A fault of all curves of a tool string at once."""

    curves: tuple[str, ...] = Field(
        default=MODELLED_CURVES, min_length=1, description="canonical names of the curves that the string records"
    )

    @override
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        if recording.kind != self.records:
            return ()
        rows = tuple(recording.names.index(name) for name in self.curves if name in recording.names)
        return tuple(Target(rows=rows, required=(row,)) for row in rows)


class TraceFault(FaultBase):
    """A fault of one whole seismic trace at a time."""

    records: ClassVar[Kind] = "seismic"

    @override
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        if recording.kind != self.records:
            return ()
        live = np.flatnonzero(np.nan_to_num(recording.values).any(axis=1))
        return tuple(Target(rows=(row,), required=(row,)) for row in live.tolist())

    @override
    def draw_length(self, recording: Recording, rng: np.random.Generator) -> tuple[int, int]:
        return recording.axis.size, recording.axis.size


def sample_step(recording: Recording) -> float:
    """Return the median sampling interval in the unit of the axis; 1.0 for a single sample."""
    return float(np.median(np.diff(recording.axis))) if recording.axis.size > 1 else 1.0


def to_display_scale(name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the values on their display scale: float64, log10 for resistivities."""
    values = values.astype(np.float64)
    return np.log10(np.maximum(values, 1e-3)) if name in RESISTIVITIES else values


def from_display_scale(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert `to_display_scale`; values are at least the minimum reading of the tool."""
    return 10.0**values if name in RESISTIVITIES else np.maximum(values, FLOOR.get(name, -np.inf))


def scale_range(recording: Recording, row: int) -> float:
    """Return the range between the 0.5th and 99.5th percentile of a curve, in its unit or in decades."""
    low, high = np.nanpercentile(to_display_scale(recording.names[row], recording.values[row]), [0.5, 99.5])
    return float(high - low)


def read_off_depth(
    recording: Recording, row: int, window: slice, shift: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a curve as read off depth, float64[sample of the window].

    Beyond the ends of the curve there is nothing to move in: its own readings stay.

    Args:
        recording: a well with some reading in `row`.
        row: of `Recording.values`.
        window: samples of the event.
        shift: by how much deeper readings appear than they were taken, in the unit of the axis; a number, or one per
            sample.
    """
    depth, values = recording.axis, recording.values[row]
    observed = np.isfinite(values)
    moved = np.interp(depth[window] - shift, depth[observed], values[observed], left=np.nan, right=np.nan)
    return np.asarray(np.where(np.isfinite(moved), moved, values[window]), dtype=np.float64)


def trace_rms(trace: NDArray[Any]) -> float:
    """Return the root mean square of the observed samples; 0.0 if there are none."""
    observed = trace[np.isfinite(trace)].astype(np.float64)
    return float(np.sqrt(np.mean(observed**2))) if observed.size else 0.0


def smooth_noise(samples: int, correlation: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw zero-mean unit-variance Gaussian noise, float64[samples], with a correlation length in samples."""
    half = max(1, int(np.ceil(3 * correlation)))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / max(correlation, 0.3)) ** 2)
    kernel /= np.sqrt((kernel**2).sum())
    return np.convolve(rng.standard_normal(samples + 2 * half), kernel, mode="valid")


def kind_of(fault: FaultBase) -> str:
    """Return the kind that a fault is labelled as: for one of another family, the kind that it varies."""
    return fault.label or str(getattr(fault, "kind", type(fault).__name__))
