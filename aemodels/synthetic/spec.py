"""Specification of a synthetic field, see `sample_field`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from aemodels.core.spec import Spec
from aemodels.synthetic.facies import FACIES, FORMATIONS, Facies


class StructureSpec(Spec):
    """The shape of the layers."""

    seabed_m: float = Field(default=180.0, ge=0.0, le=600.0, description="water depth [m]")
    dip: float = Field(
        default=0.008, ge=-0.1, le=0.1, description="regional dip along the line [m/m], down to the east"
    )
    fold_m: float = Field(default=85.0, ge=0.0, le=300.0, description="height of the anticline [m]")
    fold_width_m: float = Field(default=1300.0, ge=300.0, le=10000.0, description="half-width of the anticline [m]")
    throw_m: float = Field(default=48.0, ge=0.0, le=200.0, description="throw of the normal fault at depth [m]")


class ToolSpec(Spec):
    """Resolution and noise of the logging tools; noise as one standard deviation."""

    gamma_noise: float = Field(default=1.6, ge=0.0, le=20.0, description="statistical noise of GR [gAPI]")
    density_noise: float = Field(default=0.007, ge=0.0, le=0.1, description="noise of RHOB [g/cm3]")
    neutron_noise: float = Field(default=0.005, ge=0.0, le=0.1, description="noise of NPHI [v/v]")
    sonic_noise: float = Field(default=0.5, ge=0.0, le=10.0, description="noise of DTC [us/ft]")
    resistivity_noise: float = Field(default=0.012, ge=0.0, le=0.2, description="relative noise of resistivities")
    resolution_m: float = Field(
        default=0.45, ge=0.05, le=3.0, description="vertical resolution of the nuclear tools [m]"
    )
    gaps: float = Field(
        default=0.4, ge=0.0, le=1.0, description="share of wells in which a curve starts deeper or is absent"
    )


class LineSpec(Spec):
    """The post-stack seismic lines."""

    traces: int = Field(default=240, ge=8, le=2000, description="traces per line")
    samples: int = Field(default=500, ge=64, le=2000, description="samples per trace")
    interval_ms: float = Field(default=4.0, ge=1.0, le=8.0, description="sampling interval [ms]; whole milliseconds")
    spacing_m: float = Field(default=25.0, ge=5.0, le=100.0, description="distance between traces [m]")
    frequency_hz: float = Field(default=30.0, ge=10.0, le=60.0, description="peak frequency of the Ricker wavelet [Hz]")
    noise: float = Field(default=0.1, ge=0.0, le=2.0, description="rms of the noise as a share of the signal's rms")

    @model_validator(mode="after")
    def _whole_milliseconds(self) -> Self:
        if self.interval_ms != int(self.interval_ms):
            raise ValueError(f"interval_ms is {self.interval_ms}; expected whole milliseconds")
        return self


class FieldSpec(Spec):
    """A synthetic field: one layered earth with wells and seismic lines."""

    wells: int = Field(default=10, ge=1, le=60, description="clean wells for training")
    arrivals: int = Field(default=3, ge=1, le=20, description="newly arriving wells, with injected faults")
    top_m: float = Field(
        default=1000.0, ge=300.0, le=3000.0, description="first logged depth [m]; it varies by a few m between wells"
    )
    base_m: float = Field(default=2200.0, ge=400.0, le=4000.0, description="last logged depth [m]")
    step_m: float = Field(default=0.1524, ge=0.05, le=1.0, description="sampling interval of the logs [m]")
    log_fault_fraction: float = Field(
        default=0.06, gt=0.0, le=0.5, description="share of faulty depth samples in arrivals"
    )
    trace_fault_fraction: float = Field(default=0.08, gt=0.0, le=0.5, description="share of bad traces in the new line")
    structure: StructureSpec = Field(default_factory=StructureSpec, description="shape of the layers")
    tools: ToolSpec = Field(default_factory=ToolSpec, description="resolution and noise of the logging tools")
    line: LineSpec = Field(default_factory=LineSpec, description="the seismic lines")
    facies: tuple[Facies, ...] = Field(default=FACIES, description="the rock types, by name")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.base_m - self.top_m < 100.0:
            raise ValueError(f"wells run from {self.top_m} to {self.base_m} m; expected at least 100 m")
        missing = {name for formation in FORMATIONS for name in formation.shares} - {f.name for f in self.facies}
        if missing:
            raise ValueError(f"facies {sorted(missing)} are missing; expected all facies of the formations")
        return self
