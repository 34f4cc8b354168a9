"""Noise along a well, and how far it is above that of the training wells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.signal.noise_estimate import THIRD_DIFFERENCE_NORM
from aemodels.signal.running_median import running_median
from aemodels.signal.runs import runs

WINDOW = 401  # samples, 61 m: longer than any single fault, so that the roughness of one is not taken for noise
MIN_SAMPLES = 4  # for a third difference
USUAL_QUANTILE = 0.99  # of the training wells' noise
FAR_ABOVE = 3.0  # times the usual noise
USUAL_LEVELS = (-0.5, 1.5)  # normalised units: a curve that lies beyond them as a whole is in another unit


def noise_along(section: Section) -> FloatArray:
    """Return the standard deviation of white noise around each sample, float32[curve, sample], normalised units.

    From the running median of the absolute third difference, as in `noise_sigma`; differences that include a missing
    sample count as 0, and all of a well with fewer than four samples.
    """
    if section.values.shape[1] < MIN_SAMPLES:
        return np.zeros_like(section.values)
    difference = np.abs(np.diff(section.values, n=3, axis=1))
    seen = section.mask[:, :-3] & section.mask[:, 1:-2] & section.mask[:, 2:-1] & section.mask[:, 3:]
    running = running_median(np.where(seen, difference, 0), min(WINDOW, difference.shape[1]))
    padded = np.pad(running, ((0, 0), (1, 2)), mode="edge")
    return np.asarray(padded / THIRD_DIFFERENCE_NORM, dtype=np.float32)


def usual_noise(sections: Sequence[Section]) -> NDArray[np.float32]:
    """Return the 99th percentile of each curve's noise in the training wells: float32[curve], 0 if never observed."""
    along, levels = [noise_along(section) for section in sections], []
    for row in range(len(sections[0].values)):
        joined = np.concatenate([one[row][section.mask[row]] for one, section in zip(along, sections, strict=True)])
        levels.append(float(np.quantile(joined, USUAL_QUANTILE)) if joined.size else 0.0)
    return np.array(levels, dtype=np.float32)


def unusually_noisy(section: Section, usual: NDArray[np.float32]) -> BoolArray:
    """Return where the noise of a curve is over three times that of the training wells: bool[curve, sample].

    Not where the curve as a whole lies far from its usual values: in another unit, its noise has another size too.

    Args:
        section: normalised curves.
        usual: float32[curve], from `usual_noise`.
    """
    limit = FAR_ABOVE * usual[:, None]
    noisy = np.asarray((noise_along(section) > limit) & (limit > 0) & section.mask, dtype=np.bool_)
    for row in np.flatnonzero(noisy.any(axis=1)):
        for start, stop in runs(noisy[row]):
            level = float(np.median(section.values[row, start:stop]))
            noisy[row, start:stop] = USUAL_LEVELS[0] <= level <= USUAL_LEVELS[1]
    return noisy
