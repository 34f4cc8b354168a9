"""Washout of the randomised family: each tool answers to a bad hole in its own way, or not at all."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import MetreRange, Site, Target, from_display_scale, to_display_scale
from aemodels.faults.randomised.shapes import Floats, Probability, RandomisedFault, envelope, log_uniform, roughness

# Change where the hole is worst, in the curve's unit (decades for resistivity): mud is lighter, wetter, slower and less
# radioactive than rock, and salt mud conducts.
LARGEST_CHANGE = {
    "RHOB": -1.1,
    "NPHI": 0.5,
    "DTC": 90.0,
    "DTS": 150.0,
    "GR": -60.0,
    "RDEP": -0.7,
    "RMED": -0.9,
    "PEF": -3.0,
    "DRHO": 0.4,
    "CALI": 12.0,
}
MUD_LIMIT = {"RHOB": (1.0, np.inf), "NPHI": (-np.inf, 1.0), "DTC": (-np.inf, 220.0)}  # no tool reads beyond mud
SHARE = {"RHOB": 0.92, "NPHI": 0.75, "DTC": 0.6, "DTS": 0.5, "GR": 0.2, "RDEP": 0.12, "RMED": 0.2, "PEF": 0.5}
ALWAYS = ("DRHO", "CALI")


class RandomWashout(RandomisedFault):
    """Lower the density, raise neutron and slowness, each by an amount, with ends and roughness of its own.

    Which curves take part is drawn too; density or neutron always does. Now and then the change has the other sign
    (heavy mud cake, cuttings, a pad that is lifted towards casing).

    References:
        Ellis, D. V. & Singer, J. M. (2007), Well Logging for Earth Scientists, 2nd ed., ch. 12-13 and 19 (standoff).
    """

    REQUIRED: ClassVar[tuple[str, ...]] = ("RHOB", "NPHI", "DTC")
    label: ClassVar[str] = "washout"

    kind: Literal["washout_random"] = "washout_random"
    length_m: MetreRange = Field(default=(0.8, 60.0), description="length of the interval [m]; drawn log-uniformly")
    curves: tuple[str, ...] = Field(
        default=(*SHARE, *ALWAYS), min_length=1, description="canonical names of the curves that may be hit"
    )
    common: Probability = Field(default=0.6, description="share of the events whose curves have one envelope in common")
    opposite: Probability = Field(default=0.04, description="share of the curves that change in the other direction")
    severity: tuple[Probability, Probability] = Field(
        default=(0.05, 1.0),
        description="severity of an event, which all its curves share more or less; drawn uniformly, so that strong "
        "ones, in which all curves move far, are as frequent as faint ones",
    )
    rough: tuple[Probability, Probability] = Field(
        default=(0.0, 0.7), description="roughness, standard deviation as a share of the change; lowest and highest"
    )

    @override
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        if recording.kind != self.records:
            return ()
        names = recording.names
        rows = tuple(names.index(name) for name in self.curves if name in names)
        needed = [names.index(name) for name in self.REQUIRED if name in names and name in self.curves]
        return tuple(Target(rows=rows, required=(row,)) for row in needed[:1])

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        samples = site.stop - site.start
        names = [recording.names[row] for row in site.rows]
        hit = self._hit(names, rng)
        shared = envelope(samples, rng) if rng.random() < self.common else None
        severity = rng.uniform(*self.severity)
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        for position, name in enumerate(names):
            if name in hit:
                change = self._change(name, samples, shared, rng) * severity ** rng.uniform(0.5, 1.5)
                altered = from_display_scale(name, to_display_scale(name, out[position]) + change)
                out[position] = _within_mud(name, altered, out[position])
        return out.astype(np.float32)

    def _hit(self, names: list[str], rng: np.random.Generator) -> set[str]:
        hit = {name for name in names if name in ALWAYS or rng.random() < SHARE.get(name, 0.0)}
        wanted = [name for name in self.REQUIRED if name in names]
        if not hit & set(wanted):
            hit.add(wanted[0])
        return hit

    def _change(self, name: str, samples: int, shared: Floats | None, rng: np.random.Generator) -> Floats:
        largest = LARGEST_CHANGE[name] * (-1.0 if rng.random() < self.opposite else 1.0)
        shape = envelope(samples, rng) if shared is None else shared ** rng.uniform(0.6, 1.6)
        rough = 1.0 + rng.uniform(*self.rough) * roughness(samples, rng)
        return np.asarray(largest * log_uniform(0.3, 1.0, rng) * np.clip(shape * rough, -0.2, 1.6))


def _within_mud(name: str, altered: Floats, before: Floats) -> Floats:
    """Return the altered readings, none of them beyond what mud reads unless the reading was beyond it before."""
    low, high = MUD_LIMIT.get(name, (-np.inf, np.inf))
    return np.asarray(np.clip(altered, np.minimum(low, before), np.maximum(high, before)))
