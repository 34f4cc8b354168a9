"""Hum: a single frequency added to a trace, from power lines or a pump."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import FactorRange, Site, TraceFault, sample_step, trace_rms

Hertz = Annotated[float, Field(gt=0.0, le=500.0)]


class Hum(TraceFault):
    """A sine added to a trace, at one of the given frequencies below the Nyquist frequency.

    References:
        Yilmaz, O. (2001), Seismic Data Analysis, SEG, section 1.5 (mono-frequency noise of power lines, 50 or 60 Hz).
    """

    kind: Literal["hum"] = "hum"
    frequencies_hz: tuple[Hertz, ...] = Field(
        default=(16.7, 50.0, 60.0, 100.0), min_length=1, description="frequencies [Hz]: railway, mains, a harmonic"
    )
    level: FactorRange = Field(default=(1.0, 4.0), description="rms of the hum as a multiple of the trace's rms")

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        nyquist = 0.5 / sample_step(recording)
        available = [frequency for frequency in self.frequencies_hz if frequency < nyquist] or [0.5 * nyquist]
        time = recording.axis[site.window]
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        sines = np.stack([np.sin(2.0 * np.pi * (rng.choice(available) * time + rng.random())) for _ in out])
        level = np.array([[rng.uniform(*self.level) * trace_rms(trace)] for trace in out])
        return np.asarray(out + np.sqrt(2.0) * level * sines, dtype=np.float32)
