"""Unspecific faults for training, so that a network learns clean logs and not only the named fault kinds."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import uniform_filter1d
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import (
    MODELLED_CURVES,
    RESISTIVITIES,
    FactorRange,
    LogFault,
    MetreRange,
    Site,
    Target,
    sample_step,
    smooth_noise,
)

Curve: TypeAlias = NDArray[np.float64]
_MAX_CURVES = 3  # altered by one event


class GenericFault(LogFault):
    """An unspecific alteration of an interval of one to three curves.

    Offset, gain, noise, drift, smoothing, a coarser sampling, scattered outliers, or an interval copied from elsewhere
    in the same well: one of them at random, scaled by the 0.5-99.5 % range of the curve (of its logarithm for a
    resistivity). Only for training: a stand-in for unforeseen fault kinds.
    """

    kind: Literal["unknown"] = "unknown"
    length_m: MetreRange = Field(default=(0.3, 40.0), description="length of an event [m]; drawn log-uniformly")
    size: FactorRange = Field(
        default=(0.05, 0.6), description="size of the alteration as a share of the curve's range; drawn log-uniformly"
    )
    joint: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        default=0.8, description="share of the events that alter more than one curve"
    )

    @override
    def targets(self, recording: Recording) -> tuple[Target, ...]:
        rows = [recording.names.index(name) for name in MODELLED_CURVES if name in recording.names]
        groups = [group for size in range(1, _MAX_CURVES + 1) for group in combinations(rows, size)]
        single = [group for group in groups if len(group) == 1]
        several = groups[len(single) :]
        # one target is drawn uniformly: single curves are repeated, so that joint targets get their share
        repeats = round((1 - self.joint) / max(self.joint, 0.01) * len(several) / max(len(single), 1))
        chosen = single * max(repeats, 0 if several and self.joint else 1) + (several if self.joint else [])
        return tuple(Target(rows=group, required=group) for group in chosen)

    @override
    def draw_length(self, recording: Recording, rng: np.random.Generator) -> tuple[int, int]:
        step = sample_step(recording)
        low, high = np.log(self.length_m)
        shortest = max(2, round(self.length_m[0] / step))
        return shortest, max(shortest, round(float(np.exp(rng.uniform(low, high))) / step))

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        change = MODES[int(rng.integers(len(MODES)))]
        out = np.empty((len(site.rows), site.stop - site.start))
        for position, row in enumerate(site.rows):
            logarithmic = recording.names[row] in RESISTIVITIES
            curve = recording.values[row].astype(np.float64)
            curve = np.log10(np.maximum(curve, 1e-3)) if logarithmic else curve
            low, high = np.nanpercentile(curve, [0.5, 99.5])
            size = (high - low) * np.exp(rng.uniform(*np.log(self.size))) * rng.choice([-1.0, 1.0])
            altered = change(curve, site, size, rng)
            # an interval copied from elsewhere may have gaps where this one has none
            altered = np.where(np.isfinite(altered), altered, curve[site.window])
            out[position] = 10.0 ** np.clip(altered, -3, 6) if logarithmic else altered
        return out.astype(np.float32)


def _offset(curve: Curve, site: Site, size: float, rng: np.random.Generator) -> Curve:
    """Add a constant."""
    return curve[site.window] + size


def _gain(curve: Curve, site: Site, size: float, rng: np.random.Generator) -> Curve:
    """Scale about the mean."""
    inside = curve[site.window]
    return np.asarray(np.nanmean(inside) + (inside - np.nanmean(inside)) * rng.choice([0.25, 0.5, 1.8, 3.0]))


def _noise(curve: Curve, site: Site, size: float, rng: np.random.Generator) -> Curve:
    """Add band-limited noise."""
    inside = curve[site.window]
    return np.asarray(inside + 0.5 * size * smooth_noise(inside.size, rng.choice([0.1, 0.8, 2.0]), rng))


def _drift(curve: Curve, site: Site, size: float, rng: np.random.Generator) -> Curve:
    """Add a ramp."""
    inside = curve[site.window]
    return np.asarray(inside + size * np.linspace(0, 1.5, inside.size) ** rng.choice([0.5, 1.0, 2.0]))


def _smoothed(curve: Curve, site: Site, size: float, rng: np.random.Generator) -> Curve:
    """Apply a running mean of 9 to 39 samples."""
    inside = curve[site.window]
    filled = np.where(np.isfinite(inside), inside, np.nanmean(inside))
    return np.asarray(uniform_filter1d(filled, int(rng.integers(9, 40)), mode="nearest"))


def _coarse(curve: Curve, site: Site, size: float, rng: np.random.Generator) -> Curve:
    """Keep every second to eighth reading, repeated until the next one or joined by straight lines."""
    inside = curve[site.window]
    every = int(rng.integers(2, min(max(inside.size, 3), 9)))
    index = np.arange(inside.size)
    if rng.random() < 0.5:
        return np.asarray(inside[index // every * every])
    return np.asarray(np.interp(index, index[::every], inside[::every]))


def _scattered(curve: Curve, site: Site, size: float, rng: np.random.Generator) -> Curve:
    """Add outliers of one sign to a random share of the samples."""
    inside = curve[site.window]
    hit = rng.random(inside.size) < rng.uniform(0.2, 0.7)
    return np.asarray(inside + hit * size * rng.uniform(0.5, 1.5, inside.size))


def _copied(curve: Curve, site: Site, size: float, rng: np.random.Generator) -> Curve:
    """Replace by an interval from elsewhere in the same curve."""
    inside = curve[site.window]
    observed = np.flatnonzero(np.isfinite(curve))
    taken = observed[int(rng.integers(observed.size)) :][: inside.size]
    return np.resize(curve[taken], inside.size)


MODES = (_offset, _gain, _noise, _drift, _smoothed, _coarse, _scattered, _copied)
