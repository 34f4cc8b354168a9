"""A denoiser kept from doing harm: spikes despiked, gaps filled from several sources, change limited to the noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.guarded.spike_gate import SpikeGate, find_spikes
from aemodels.signal.gaps import distance_to_observed, fill_lost
from aemodels.signal.noise_estimate import noise_power, noise_sigma

COVERAGES = (0.68, 0.95)
CLASS_EDGES = (1, 2, 4, 8)  # samples to the nearest observed one: observed, 1, 2-3, 4-7, 8 and more
CLASSES = len(CLASS_EDGES) + 1


@dataclass(frozen=True, eq=False)
class Calibration:
    """What was fitted on validation sections, by noise level.

    A group is a curve, or all traces; a class is a distance to the nearest observed sample (`CLASS_EDGES`).

    Args:
        levels: float64[level, group], ascending noise estimates.
        blend: float64[level, group, class, source], shares of the sources (`GuardedParts.sources`) in a lost sample;
            they add up to 1.
        widths: float64[level, group, class, coverage], half-widths in normalised units for `COVERAGES`.
    """

    levels: NDArray[np.float64]
    blend: NDArray[np.float64]
    widths: NDArray[np.float64]

    @property
    def groups(self) -> int:
        return int(self.levels.shape[1])

    def at(self, table: NDArray[np.float64], sigma: NDArray[np.float64]) -> NDArray[np.float64]:
        """`table` float64[level, group, ...] at noise estimates float64[group], by linear interpolation."""
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
    """What keeps a denoiser from harm.

    Args:
        spike_gate: what counts as a spike; None = no gate (traces).
        limit: root mean square of the change at most, in estimated noise standard deviations.
        groups: 1 = the channels are traces of a line, of one calibration; otherwise each has its own (curves).
    """

    spike_gate: SpikeGate | None
    limit: float
    groups: int


@dataclass(frozen=True, eq=False)
class GuardedParts:
    """The denoiser inside the guards, and what else fills gaps (None = nothing but interpolation)."""

    inner: Denoiser
    filler: Denoiser | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        filler = self.filler.arrays() if self.filler else {}
        named = {f"inner_{name}": array for name, array in self.inner.arrays().items()}
        return {**named, **{f"filler_{name}": array for name, array in filler.items()}}

    def sources(self, despiked: Section, guards: Guards) -> FloatArray:
        """What a sample can be taken from: float32[source, channel, sample].

        In order: the inner denoiser, its change limited where something was observed; PCHIP between those values;
        PCHIP between the recorded ones; the filler. They differ at lost samples only.
        """
        estimate = self.inner.denoise(despiked)
        change = limit_change(estimate - despiked.values, despiked, guards)
        own = np.where(despiked.mask, despiked.values + change, estimate).astype(np.float32)
        others = [fill_lost(values, despiked.mask, "pchip") for values in (own, despiked.values)]
        if self.filler:
            others.append(self.filler.denoise(despiked))
        # where nothing is lost, or nothing observed to interpolate between, there is but one source
        alone = despiked.mask | ~despiked.mask.any(axis=1, keepdims=True)
        return np.stack([own, *(np.where(alone, own, values) for values in others)])


@dataclass(frozen=True, eq=False)
class SourceEstimates:
    """A section on its way: despiked, and the sources of every sample float32[source, channel, sample]."""

    despiked: Section
    sources: FloatArray
    sigma: NDArray[np.float64]
    classes: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class GuardedDenoiser:
    """A fitted denoiser inside its guards.

    Args:
        parts: the denoiser inside, and what else fills gaps.
        guards: what keeps it from harm.
        calibration: what was fitted to it.
    """

    parts: GuardedParts
    guards: Guards
    calibration: Calibration

    def denoise(self, section: Section) -> FloatArray:
        estimates = estimate_sources(self.parts, section, self.guards)
        blend = self.calibration.at(self.calibration.blend, estimates.sigma)[_group(section, self.calibration.groups)]
        shares = np.take_along_axis(blend, estimates.classes[..., None], axis=1)  # [channel, sample, source]
        return np.asarray(np.einsum("scn,cns->cn", estimates.sources, shares), dtype=np.float32)

    def half_widths(self, section: Section) -> FloatArray:
        """Half-widths of the intervals about the denoised values: float32[coverage, channel, sample].

        Quantiles of validation residuals for the channel's estimated noise level and the sample's distance to what was
        observed (split conformal prediction: Vovk et al. 2005, Algorithmic Learning in a Random World, 4.1).
        """
        despiked = remove_spikes(section, self.guards.spike_gate)
        sigma = group_sigma(despiked, self.calibration.groups)
        widths = self.calibration.at(self.calibration.widths, sigma)[_group(section, self.calibration.groups)]
        wide = np.take_along_axis(widths, distance_class(despiked.mask)[..., None], axis=1)
        return np.moveaxis(wide, -1, 0).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**self.parts.arrays(), **self.calibration.arrays()}


def estimate_sources(parts: GuardedParts, section: Section, guards: Guards) -> SourceEstimates:
    """Gate a section, and make every source of its samples."""
    despiked = remove_spikes(section, guards.spike_gate)
    sigma = group_sigma(despiked, guards.groups)
    return SourceEstimates(despiked, parts.sources(despiked, guards), sigma, distance_class(despiked.mask))


def remove_spikes(section: Section, gate: SpikeGate | None) -> Section:
    """The section with spikes taken out: outside the mask, and interpolated."""
    if gate is None:
        return section
    spikes = find_spikes(section.values, section.mask, gate)
    if not spikes.any():
        return section
    mask = section.mask & ~spikes
    return Section(section.name, fill_lost(section.values, mask, "linear"), mask, section.scale)


def limit_change(change: FloatArray, section: Section, guards: Guards) -> FloatArray:
    """Shrink the change of each curve or trace until its root mean square is so many estimated noise levels.

    What a good denoiser takes away is noise, and no more than all of it (the discrepancy principle, Morozov 1966):
    more than that is signal. A trace is short and its own estimate rough, so it may change as much as the line's
    noise, too; that does not depend on which traces are read together.

    Args:
        change: float32[channel, sample].
        section: what was denoised; its observed samples count.
        guards: the limit, and whether the channels are traces of a line.
    """
    power = np.where(section.mask, change.astype(np.float64) ** 2, 0).sum(axis=1)
    rms = np.sqrt(power / np.maximum(section.mask.sum(axis=1), 1))
    sigma = noise_sigma(section.values, section.mask)[:, 0].astype(np.float64)
    if guards.groups == 1:
        sigma = np.maximum(sigma, group_sigma(section, guards.groups))
    allowed = guards.limit * sigma
    factor = np.where(rms > allowed, allowed / np.maximum(rms, 1e-30), 1.0)
    return (change * factor[:, None]).astype(np.float32)


def group_sigma(section: Section, groups: int) -> NDArray[np.float64]:
    """Estimated noise of each channel, or the root mean square over all live traces: float64[group]."""
    if groups > 1:
        return noise_sigma(section.values, section.mask)[:, 0].astype(np.float64)
    power = section.noise.power if section.noise else noise_power(section.values, section.mask)
    return np.array([np.sqrt(power)])


def distance_class(mask: BoolArray) -> NDArray[np.int64]:
    """Class of each sample's distance to the nearest observed one of its channel: int64[channel, sample]."""
    return np.digitize(distance_to_observed(mask), CLASS_EDGES).astype(np.int64)


def _group(section: Section, groups: int) -> NDArray[np.int64]:
    """The group of each channel."""
    return np.minimum(np.arange(len(section.values)), groups - 1)
