"""Guarded denoiser: spikes removed, gaps filled from several sources, change limited to the noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.guarded.spike_gate import SpikeGate, find_spikes
from aemodels.signal.gaps import distance_to_observed, fill_lost
from aemodels.signal.noise_estimate import mean_power, noise_sigma
from aemodels.signal.runs import flat_runs

COVERAGES = (0.68, 0.95)
CLASS_EDGES = (1, 2, 4, 8)  # samples to the nearest observed one; classes: 0 (observed), 1, 2-3, 4-7, 8 and more
CLASSES = len(CLASS_EDGES) + 1
FLAT_SAMPLES = 3  # equal readings in a row
SATURATED_SAMPLES = 10  # readings at one end of a scale


@dataclass(frozen=True, eq=False)
class Calibration:
    """Calibration on validation sections, per noise level.

    A group is one curve, or all traces; a class is a range of distances to the nearest observed sample (`CLASS_EDGES`).

    Args:
        levels: float64[level, group], ascending noise estimates.
        blend: float64[level, group, class, source], weights of the sources (`GuardedParts.sources`) of a
            missing sample, with sum 1.
        widths: float64[level, group, class, coverage], half-widths in normalised units for `COVERAGES`.
    """

    levels: NDArray[np.float64]
    blend: NDArray[np.float64]
    widths: NDArray[np.float64]

    @property
    def groups(self) -> int:
        """Number of groups."""
        return int(self.levels.shape[1])

    def at(self, table: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
        """Interpolate `table` float64[level, group, ...] linearly at the noise estimates float64[group]."""
        units = np.eye(len(self.levels))
        rows = []
        for group in range(self.groups):
            share = [np.interp(sigma[group], self.levels[:, group], unit) for unit in units]
            rows.append(np.tensordot(share, table[:, group], axes=1))
        return np.stack(rows)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"levels": self.levels, "blend": self.blend, "widths": self.widths}


@dataclass(frozen=True)
class Guards:
    """Guards of a denoiser.

    Args:
        spike_gate: criteria for a spike; None = no gate (traces).
        limit: maximum RMS change, in estimated noise standard deviations.
        groups: 1 = the channels are traces and share one calibration; otherwise one per curve.
    """

    spike_gate: SpikeGate | None
    limit: float
    groups: int


@dataclass(frozen=True, eq=False)
class GuardedParts:
    """Inner denoiser and additional gap filler; filler None = interpolation only."""

    inner: Denoiser
    filler: Denoiser | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        filler = self.filler.arrays() if self.filler else {}
        named = {f"inner_{name}": array for name, array in self.inner.arrays().items()}
        return {**named, **{f"filler_{name}": array for name, array in filler.items()}}

    def sources(self, despiked: Section, sigma: NDArray[np.float64], guards: Guards) -> FloatArray:
        """Return the estimates of each sample by all sources: float32[source, channel, sample].

        In order: the inner denoiser with limited change; PCHIP between its values; PCHIP between the recorded
        values; the filler. They differ at lost samples only.

        Args:
            despiked: without spikes.
            sigma: noise of each channel, float64[channel].
            guards: the guards.
        """
        estimate = self.inner.denoise(despiked)
        change = limit_change(estimate - despiked.values, despiked, sigma, guards)
        change[noiseless(despiked)] = 0.0
        inner = np.where(despiked.mask, despiked.values + change, estimate).astype(np.float32)
        lost = lost_samples(despiked.mask)
        if not lost.any():
            return np.broadcast_to(inner, (3 + (self.filler is not None), *inner.shape))
        others = [fill_lost(values, despiked.mask, "pchip") for values in (inner, despiked.values)]
        if self.filler:
            others.append(self.filler.denoise(despiked))
        return np.stack([inner, *(np.where(lost, values, inner) for values in others)])


@dataclass(frozen=True, eq=False)
class SourceEstimates:
    """A section without spikes, the estimates of all sources, noise estimates per group and distance classes."""

    despiked: Section
    sources: FloatArray
    sigma: NDArray[np.float64]
    classes: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class GuardedDenoiser:
    """A fitted denoiser with guards.

    Args:
        parts: inner denoiser and gap filler.
        guards: the guards.
        calibration: gap-filling weights and interval half-widths.
    """

    parts: GuardedParts
    guards: Guards
    calibration: Calibration

    def denoise(self, section: Section) -> FloatArray:
        estimates = estimate_sources(self.parts, section, self.guards)
        channel, sample = np.nonzero(lost_samples(estimates.despiked.mask))
        blend = self.calibration.at(self.calibration.blend, estimates.sigma)[_group(section, self.calibration.groups)]
        shares = blend[channel, estimates.classes[channel, sample]]  # [lost sample, source]
        out: FloatArray = estimates.sources[0].copy()
        out[channel, sample] = np.einsum("sn,ns->n", estimates.sources[:, channel, sample], shares)
        return out

    def half_widths(self, section: Section) -> FloatArray:
        """Return half-widths of the prediction intervals: float32[coverage, channel, sample].

        They are quantiles of validation residuals at the channel's estimated noise level and the sample's distance to
        the nearest observed one (split conformal prediction: Vovk et al. 2005, Algorithmic Learning in a Random World,
        4.1).
        """
        despiked = remove_spikes(section, self.guards.spike_gate)
        sigma = group_sigma(despiked, channel_sigma(despiked), self.calibration.groups)
        widths = self.calibration.at(self.calibration.widths, sigma)[_group(section, self.calibration.groups)]
        wide = np.take_along_axis(widths, distance_class(despiked.mask)[..., None], axis=1)
        return np.moveaxis(wide, -1, 0).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**self.parts.arrays(), **self.calibration.arrays()}


def estimate_sources(parts: GuardedParts, section: Section, guards: Guards) -> SourceEstimates:
    """Remove the spikes of a section and return the estimates of all sources."""
    despiked = remove_spikes(section, guards.spike_gate)
    sigma = channel_sigma(despiked)
    sources = parts.sources(despiked, sigma, guards)
    return SourceEstimates(
        despiked, sources, group_sigma(despiked, sigma, guards.groups), distance_class(despiked.mask)
    )


def remove_spikes(section: Section, gate: SpikeGate | None) -> Section:
    """Return the section with its spikes masked and interpolated."""
    if gate is None:
        return section
    spikes = find_spikes(section.values, section.mask, gate)
    if not spikes.any():
        return section
    mask = section.mask & ~spikes
    return Section(section.name, fill_lost(section.values, mask, "linear"), mask, section.scale)


def lost_samples(mask: BoolArray) -> BoolArray:
    """Return the missing samples of channels with observed ones, bool[channel, sample]: others have one source."""
    return np.asarray(~mask & mask.any(axis=1, keepdims=True))


def noiseless(section: Section) -> BoolArray:
    """Return the samples that have no noise of their own to remove, bool[channel, sample].

    Those of runs of three equal readings or more, as of a stuck tool or a muted trace, and those at the end of a scale:
    ten readings or more that equal the highest or the lowest one.
    """
    observed = np.where(section.mask, section.values, np.float32(np.nan))
    found = flat_runs(observed, FLAT_SAMPLES)
    for end in (np.fmin.reduce(observed, axis=1), np.fmax.reduce(observed, axis=1)):
        at_end = observed == end[:, None]
        found |= at_end & (at_end.sum(axis=1, keepdims=True) >= SATURATED_SAMPLES)
    return np.asarray(found)


def limit_change(change: FloatArray, section: Section, sigma: NDArray[np.float64], guards: Guards) -> FloatArray:
    """Scale down the change of each curve or trace to a maximum RMS in estimated noise levels.

    A good denoiser removes at most the noise; a larger change removes signal (discrepancy principle, Morozov 1966).
    The noise estimate of a single trace is rough, so a trace may also change by the noise of the whole line; this does
    not depend on which traces are read together.

    Args:
        change: float32[channel, sample].
        section: the denoised section; only its observed samples count.
        sigma: its noise, float64[channel].
        guards: the limit and the groups.
    """
    power = np.where(section.mask, change.astype(np.float64) ** 2, 0).sum(axis=1)
    rms = np.sqrt(power / np.maximum(section.mask.sum(axis=1), 1))
    if guards.groups == 1:
        line = section.noise.power if section.noise else mean_power(sigma, section.mask)
        sigma = np.maximum(sigma, np.sqrt(line))
    allowed = guards.limit * sigma
    factor = np.where(rms > allowed, allowed / np.maximum(rms, 1e-30), 1.0)
    return (change * factor[:, None]).astype(np.float32)


def channel_sigma(section: Section) -> NDArray[np.float64]:
    """Return the estimated noise of each channel: float64[channel]."""
    return noise_sigma(section.values, section.mask)[:, 0].astype(np.float64)


def group_sigma(section: Section, sigma: NDArray[np.float64], groups: int) -> NDArray[np.float64]:
    """Return the estimated noise of each curve, or the RMS over all live traces: float64[group]."""
    if groups > 1:
        return sigma
    power = section.noise.power if section.noise else mean_power(sigma, section.mask)
    return np.array([np.sqrt(power)])


def distance_class(mask: BoolArray) -> NDArray[np.int64]:
    """Return the class of each sample's distance to the nearest observed one of its channel: int64[channel, sample]."""
    classes = np.zeros(mask.shape, dtype=np.int64)
    if not mask.all():
        classes[~mask] = np.digitize(distance_to_observed(mask)[~mask], CLASS_EDGES)
    return classes


def _group(section: Section, groups: int) -> NDArray[np.int64]:
    """Return the group of each channel."""
    return np.minimum(np.arange(len(section.values)), groups - 1)
