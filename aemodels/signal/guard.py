"""A denoiser kept from doing harm: spikes gated, gaps blended, change limited to the noise, uncertainty calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.contract import Denoiser, FitContext
from aemodels.noise import Dropout, NoiseSpec, corrupt_section
from aemodels.signal.estimate import noise_sigma
from aemodels.signal.gaps import distance_to_observed, fill_lost
from aemodels.signal.gate import SpikeGate, find_spikes
from aemodels.types import BoolArray, FloatArray, Section

COVERAGES = (0.68, 0.95)
CLASS_EDGES = (1, 2, 4, 8)  # samples to the nearest observed one: observed, 1, 2-3, 4-7, 8 and more
CLASSES = len(CLASS_EDGES) + 1
_FEWEST = 100  # residuals that give a quantile of 0.95 a meaning
_GAPS = Dropout(share=0.05, length=20)


@dataclass(frozen=True, eq=False)
class GuardedDenoiser:
    """A fitted denoiser inside its guards.

    Args:
        inner: the denoiser.
        gate: what counts as a spike; None = no gate (traces).
        limit: root mean square of the change at most, in estimated noise standard deviations.
        blend: float64[group, class], the inner's share of what fills lost samples; the rest is interpolation. A group
            is a curve, or all traces; a class is a distance to the nearest observed sample (`CLASS_EDGES`).
        levels: float64[level, group], ascending noise estimates that the widths belong to.
        widths: float64[coverage, level, group, class], half-widths in normalised units for `COVERAGES`.
    """

    inner: Denoiser
    gate: SpikeGate | None
    limit: float
    blend: NDArray[np.float64]
    levels: NDArray[np.float64]
    widths: NDArray[np.float64]

    def denoise(self, section: Section) -> FloatArray:
        gated = self.gated(section)
        return self._blended(gated, self._guarded(gated))

    def half_widths(self, section: Section) -> FloatArray:
        """Half-widths of the intervals about the denoised values: float32[coverage, channel, sample].

        Quantiles of validation residuals for the channel's estimated noise level and the sample's distance to what was
        observed (split conformal prediction: Vovk et al. 2005, Algorithmic Learning in a Random World, 4.1).
        """
        gated = self.gated(section)
        classes = distance_class(gated.mask)
        sigma = _sigma(gated, self.levels.shape[1])
        out = np.empty((len(COVERAGES), *classes.shape), dtype=np.float32)
        for channel, row in enumerate(classes):
            group = min(channel, self.levels.shape[1] - 1)
            for place, widths in enumerate(self.widths[:, :, group]):
                at_level = [np.interp(sigma[group], self.levels[:, group], widths[:, one]) for one in range(CLASSES)]
                out[place, channel] = np.asarray(at_level)[row]
        return out

    def gated(self, section: Section) -> Section:
        """The section with spikes taken out: outside the mask, and interpolated."""
        if self.gate is None:
            return section
        spikes = find_spikes(section.values, section.mask, self.gate)
        if not spikes.any():
            return section
        mask = section.mask & ~spikes
        return Section(section.name, fill_lost(section.values, mask, "linear"), mask, section.scale)

    def _guarded(self, gated: Section) -> FloatArray:
        """The inner's estimate, its change limited where something was observed."""
        estimate = self.inner.denoise(gated)
        change = limit_change(estimate - gated.values, gated, self.limit, groups=len(self.blend))
        return np.where(gated.mask, gated.values + change, estimate).astype(np.float32)

    def _blended(self, gated: Section, guarded: FloatArray) -> FloatArray:
        """Lost samples from the inner and from interpolation between the denoised neighbours."""
        if gated.mask.all():
            return guarded
        between = fill_lost(guarded, gated.mask, "pchip")
        groups = np.minimum(np.arange(len(guarded)), len(self.blend) - 1)
        share = np.where(gated.mask, 1.0, self.blend[groups[:, None], distance_class(gated.mask)])
        share[~gated.mask.any(axis=1)] = 1.0  # nothing to interpolate between: the other curves are all there is
        return (share * guarded + (1 - share) * between).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        inner = {f"inner_{name}": array for name, array in self.inner.arrays().items()}
        return {**inner, "blend": self.blend, "levels": self.levels, "widths": self.widths}


def guard(
    inner: Denoiser, validation: Sequence[Section], context: FitContext, *, gate: SpikeGate | None, limit: float
) -> GuardedDenoiser:
    """Choose the blend and calibrate the widths on validation sections.

    Args:
        inner: fitted.
        validation: clean sections; what was recorded counts as the truth.
        context: its kind says whether a group is a curve or all traces, its tuning gives the noise levels.
        gate: as in `GuardedDenoiser`.
        limit: as in `GuardedDenoiser`.
    """
    groups = len(validation[0].values) if context.kind == "logs" else 1
    levels: list[tuple[NoiseSpec, ...]] = [
        noises for noises in context.tuning if not any(noise.kind in ("spike", "dropout") for noise in noises)
    ] or [()]
    plain = GuardedDenoiser(
        inner=inner,
        gate=gate,
        limit=limit,
        blend=np.ones((groups, CLASSES)),
        levels=np.zeros((1, groups)),
        widths=np.zeros((len(COVERAGES), 1, groups, CLASSES)),
    )
    runs = [_Runs(plain, noises, validation, np.random.default_rng([context.seed, 7])) for noises in levels]
    quietest = min(runs, key=lambda run: float(run.sigma.mean()))
    blend = quietest.blend(groups)
    sigma = np.stack([run.sigma for run in runs])
    widths = np.stack([run.widths(blend) for run in runs], axis=1)
    order = np.argsort(sigma, axis=0)
    return GuardedDenoiser(
        inner=inner,
        gate=gate,
        limit=limit,
        blend=blend,
        levels=np.take_along_axis(sigma, order, axis=0),
        widths=np.take_along_axis(widths, order[None, :, :, None], axis=1),
    )


class _Runs:
    """Validation sections with noise and gaps, and what becomes of them: residuals by group and distance class."""

    def __init__(
        self,
        plain: GuardedDenoiser,
        noises: Sequence[NoiseSpec],
        validation: Sequence[Section],
        rng: np.random.Generator,
    ) -> None:
        groups = len(plain.blend)
        parts: list[list[NDArray[Any]]] = []
        sigmas = []
        for clean in validation:
            noisy = corrupt_section([*noises, _GAPS] if groups > 1 else noises, clean, rng)
            gated = plain.gated(noisy)
            sigmas.append(_sigma(gated, groups))
            own = plain._guarded(gated)
            between = fill_lost(own, gated.mask, "pchip")
            group = np.broadcast_to(np.minimum(np.arange(len(own)), groups - 1)[:, None], own.shape)
            fields = (group, distance_class(gated.mask), own - clean.values, between - clean.values)
            parts.append([field[clean.mask] for field in fields])
        self.sigma = np.median(sigmas, axis=0)
        self.group, self.distance, self.own, self.between = (
            np.concatenate(field) for field in zip(*parts, strict=True)
        )

    def blend(self, groups: int) -> NDArray[np.float64]:
        """The inner's share with the least squared error, 0 to 1: float64[group, class]; 1 where nothing was lost."""
        blend = np.ones((groups, CLASSES))
        for group in range(groups):
            for one in range(1, CLASSES):
                picked = (self.group == group) & (self.distance == one)
                apart = (self.own - self.between)[picked].astype(np.float64)
                power = float(apart @ apart)
                if power > 0:
                    blend[group, one] = np.clip(-(apart @ self.between[picked]) / power, 0.0, 1.0)
        return blend

    def widths(self, blend: NDArray[np.float64]) -> NDArray[np.float64]:
        """Quantiles of the absolute residuals: float64[coverage, group, class]."""
        share = blend[self.group, self.distance]
        residual = np.abs(share * self.own + (1 - share) * self.between)
        out = np.zeros((len(COVERAGES), *blend.shape))
        for group, one in np.ndindex(blend.shape):
            same = self.distance == one
            own = residual[same & (self.group == group)]
            pool = own if own.size >= _FEWEST else residual[same] if same.sum() >= _FEWEST else residual
            out[:, group, one] = [conformal_quantile(pool, coverage) for coverage in COVERAGES]
        return out


def conformal_quantile(residuals: NDArray[np.floating], coverage: float) -> float:
    """The residual that a new one exceeds with probability 1 - coverage at most, if exchangeable; the largest if few.

    >>> conformal_quantile(np.arange(1.0, 100.0), 0.95)
    95.0
    """
    if not residuals.size:
        return 0.0
    rank = min(int(np.ceil((residuals.size + 1) * coverage)), residuals.size)
    return float(np.partition(residuals, rank - 1)[rank - 1])


def limit_change(change: FloatArray, section: Section, limit: float, *, groups: int) -> FloatArray:
    """Shrink the change of each curve (or of all traces) until its root mean square is `limit` estimated noise levels.

    What a good denoiser takes away is noise, and no more than all of it (the discrepancy principle, Morozov 1966):
    more than that is signal.

    Args:
        change: float32[channel, sample].
        section: what was denoised; its observed samples count.
        limit: in estimated noise standard deviations.
        groups: 1 = all channels together, otherwise each on its own.
    """
    power = np.where(section.mask, change.astype(np.float64) ** 2, 0).sum(axis=1)
    count = section.mask.sum(axis=1).astype(np.float64)
    if groups == 1:
        power, count = np.full_like(power, power.sum()), np.full_like(count, count.sum())
    rms = np.sqrt(power / np.maximum(count, 1))
    allowed = limit * np.broadcast_to(_sigma(section, groups), rms.shape)
    factor = np.where(rms > allowed, allowed / np.maximum(rms, 1e-30), 1.0)
    return (change * factor[:, None]).astype(np.float32)


def distance_class(mask: BoolArray) -> NDArray[np.int64]:
    """Class of each sample's distance to the nearest observed one of its channel: int64[channel, sample]."""
    return np.digitize(distance_to_observed(mask), CLASS_EDGES).astype(np.int64)


def _sigma(section: Section, groups: int) -> NDArray[np.float64]:
    """Estimated noise of each channel, or the root mean square over all live traces: float64[group]."""
    sigma = noise_sigma(section.values, section.mask)[:, 0].astype(np.float64)
    if groups > 1:
        return sigma
    live = sigma[section.mask.any(axis=1)]
    return np.array([np.sqrt(np.mean(live**2)) if live.size else 0.0])
