"""Likeness of a well to the training wells, by the levels, spreads, noise and relations of its curves."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, Section
from aemodels.detect.cross_curve.linear_predictor import RidgeFromOtherCurves, fit_predictors
from aemodels.signal.noise_level import noise_along

FEATURES = ("median", "spread", "noise", "residual level", "residual spread")
UNUSUAL_QUANTILE = 0.975  # of the training wells' distances to their own nearest one
MARGIN = 1.2  # times that: faults and short logs move a well a little
MIN_WELLS = 8
MIN_SAMPLES = 100  # observed readings for a curve to count
MIN_NOISE = 1e-4  # normalised units, added before the logarithm is taken
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Descriptions of the training wells, to compare another well with its nearest one.

    Args:
        predictor: of each curve from the others, fitted to all training wells.
        wells: float64[well, curve, feature], NaN where a well lacks the curve.
        scale: float64[curve, feature], robust spread over the training wells.
        limit: distance above which a well is unfamiliar.
    """

    predictor: RidgeFromOtherCurves
    wells: Floats
    scale: Floats
    limit: float

    def distance(self, section: Section) -> float:
        """Return the distance to the nearest training well, in spreads between wells; NaN if none has its curves.

        The root mean square difference of the features of the common curves, among wells that have all the curves, or
        else most of them.
        """
        return _nearest(describe(section, self.predictor), self.wells, self.scale)

    def with_wells(self, sections: Sequence[Section]) -> Familiarity:
        """Return a copy to which further wells are familiar; scale and limit stay."""
        described = [describe(section, self.predictor) for section in sections]
        return dataclasses.replace(self, wells=np.concatenate([self.wells, np.stack(described)]))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {**self.predictor.arrays(), "wells": self.wells, "scale": self.scale, "limit": np.array([self.limit])}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> Familiarity:
        """Rebuild it from its arrays."""
        limit = float(arrays["limit"][0])
        return cls(RidgeFromOtherCurves.restore(arrays), arrays["wells"], arrays["scale"], limit)


def fit_familiarity(sections: Sequence[Section]) -> Familiarity | None:
    """Describe the training wells; None if there are fewer than eight, which say little of how wells differ."""
    if len(sections) < MIN_WELLS:
        return None
    predictor, out_of_fold = fit_predictors(sections)
    wells = np.stack([describe(section, one) for section, one in zip(sections, out_of_fold, strict=True)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a curve that no well has
        middle = np.nanmedian(wells, axis=0)
        scale = 1.4826 * np.nanmedian(np.abs(wells - middle), axis=0)
    scale = np.maximum(np.nan_to_num(scale, nan=1.0), 0.02)
    distances = [_nearest(wells[number], np.delete(wells, number, axis=0), scale) for number in range(len(sections))]
    known = np.array(distances)[np.isfinite(distances)]
    limit = MARGIN * float(np.quantile(known, UNUSUAL_QUANTILE, method="higher")) if known.size else np.inf
    return Familiarity(predictor, wells, scale, limit)


def describe(section: Section, predictor: RidgeFromOtherCurves) -> Floats:
    """Return float64[curve, feature] of a well, NaN for a curve with fewer than 100 readings."""
    residual, noise = predictor.residual(section), noise_along(section)
    out = np.full((len(section.values), len(FEATURES)), np.nan)
    for row, observed in enumerate(section.mask):
        if observed.sum() < MIN_SAMPLES:
            continue
        low, middle, high = np.quantile(section.values[row, observed], [0.1, 0.5, 0.9])
        below, level, above = np.quantile(residual[row, observed], [0.1, 0.5, 0.9])
        typical = np.log10(float(np.median(noise[row, observed])) + MIN_NOISE)
        out[row] = middle, high - low, typical, level, above - below
    return out


def _nearest(well: Floats, others: Floats, scale: Floats) -> float:
    """Return the smallest distance to the wells that share as many curves as any."""
    difference = (others - well) / scale
    known: BoolArray = np.asarray(np.isfinite(difference).all(axis=2))
    shared = known.sum(axis=1)
    if not shared.size or not shared.max():
        return float("nan")
    square = np.where(known[:, :, None], np.nan_to_num(difference) ** 2, 0).sum(axis=(1, 2))
    candidates = shared == shared.max()
    return float(np.sqrt(np.min(square[candidates] / (shared[candidates] * difference.shape[2]))))
