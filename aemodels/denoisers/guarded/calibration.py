"""Calibration of a guarded denoiser on validation sections: gap-filling weights and interval half-widths."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aemodels.core.interfaces import FitContext, Noise
from aemodels.core.types import Section
from aemodels.denoisers.guarded.guards import (
    CLASSES,
    COVERAGES,
    Calibration,
    GuardedDenoiser,
    GuardedParts,
    Guards,
    estimate_sources,
)
from aemodels.noise import Dropout, corrupt_section

_MIN_RESIDUALS = 100  # needed to estimate a 95 % quantile
_GAPS = Dropout(share=0.05, length=20)
_STEPS = 10  # weights are multiples of 1 / 10; finer steps would over-fit the validation wells


def guard(parts: GuardedParts, guards: Guards, validation: Sequence[Section], context: FitContext) -> GuardedDenoiser:
    """Add guards to a fitted denoiser and calibrate them on validation sections.

    Args:
        parts: the fitted inner denoiser and filler.
        guards: the guards; `groups` is the result of `channel_groups`.
        validation: sections whose recorded values count as the truth.
        context: its `tuning` gives the noise levels.
    """
    levels: list[tuple[Noise, ...]] = [
        noises for noises in context.tuning if not any(noise.kind in ("spike", "dropout") for noise in noises)
    ] or [()]
    runs = []
    for noises in levels:
        rng = np.random.default_rng([context.seed, 7])
        noisy = [corrupt_section([*noises, _GAPS] if guards.groups > 1 else noises, clean, rng) for clean in validation]
        runs.append(_Residuals(parts, noisy, validation, guards))
    sigma = np.stack([run.sigma for run in runs])
    order = np.argsort(sigma, axis=0)
    calibration = Calibration(
        levels=np.take_along_axis(sigma, order, axis=0),
        blend=np.take_along_axis(np.stack([run.blend() for run in runs]), order[..., None, None], axis=0),
        widths=np.take_along_axis(np.stack([run.widths() for run in runs]), order[..., None, None], axis=0),
    )
    return GuardedDenoiser(parts, guards, calibration)


def channel_groups(sections: Sequence[Section], context: FitContext) -> int:
    """Return the number of calibration groups: one per curve, or one for all traces."""
    return len(sections[0].values) if context.kind == "logs" else 1


class _Residuals:
    """Errors of all sources, float64[source, sample], with the group and distance class of each sample."""

    def __init__(
        self, parts: GuardedParts, noisy: Sequence[Section], validation: Sequence[Section], guards: Guards
    ) -> None:
        self.groups = guards.groups
        errors, group, classes, sigma = [], [], [], []
        for section, clean in zip(noisy, validation, strict=True):
            estimates = estimate_sources(parts, section, guards)
            rows = np.minimum(np.arange(len(clean.values)), guards.groups - 1)[:, None]
            errors.append((estimates.sources - clean.values)[:, clean.mask].astype(np.float64))
            group.append(np.broadcast_to(rows, clean.values.shape)[clean.mask])
            classes.append(estimates.classes[clean.mask])
            sigma.append(estimates.sigma)
        self.sigma = np.median(sigma, axis=0)
        self.errors = np.concatenate(errors, axis=1)
        self.group, self.classes = np.concatenate(group), np.concatenate(classes)

    def blend(self) -> NDArray[np.float64]:
        """Return the weights of the sources with the least squared error: float64[group, class, source]."""
        blend = np.zeros((self.groups, CLASSES, len(self.errors)))
        blend[..., 0] = 1.0
        for group, one in itertools.product(range(self.groups), range(1, CLASSES)):
            errors = self.errors[:, (self.group == group) & (self.classes == one)]
            if errors.shape[1]:
                blend[group, one] = best_shares(errors @ errors.T)
        return blend

    def widths(self) -> NDArray[np.float64]:
        """Return quantiles of the absolute residuals after blending: float64[group, class, coverage]."""
        shares = self.blend()[self.group, self.classes]
        residual = np.abs(np.einsum("sn,ns->n", self.errors, shares))
        out = np.zeros((self.groups, CLASSES, len(COVERAGES)))
        for group, one in itertools.product(range(self.groups), range(CLASSES)):
            same = self.classes == one
            own = residual[same & (self.group == group)]
            pool = own if own.size >= _MIN_RESIDUALS else residual[same] if same.sum() >= _MIN_RESIDUALS else residual
            out[group, one] = [conformal_quantile(pool, coverage) for coverage in COVERAGES]
        return out


def best_shares(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights w >= 0 with sum 1 that minimise w' P w on a grid: float64[source].

    Args:
        products: float64[source, source], P = sums of products of the sources' errors.

    >>> best_shares(np.diag([1.0, 1.0, 1e9])).tolist()
    [0.5, 0.5, 0.0]
    """
    free = np.array(list(itertools.product(range(_STEPS + 1), repeat=len(products) - 1)), dtype=np.float64)
    last = _STEPS - free.sum(axis=1, keepdims=True)
    shares = np.concatenate([free, last], axis=1)[last[:, 0] >= 0] / _STEPS
    return np.asarray(shares[np.einsum("ns,st,nt->n", shares, products, shares).argmin()])


def conformal_quantile(residuals: NDArray[np.floating], coverage: float) -> float:
    """Return the residual that an exchangeable new one exceeds with probability at most 1 - coverage.

    With too few residuals for the coverage it is the largest one, without any 0.

    >>> conformal_quantile(np.arange(1.0, 100.0), 0.95)
    95.0
    """
    if not residuals.size:
        return 0.0
    rank = min(int(np.ceil((residuals.size + 1) * coverage)), residuals.size)
    return float(np.partition(residuals, rank - 1)[rank - 1])
