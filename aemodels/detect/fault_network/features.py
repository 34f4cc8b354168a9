"""What a network is shown of a well, beside the curves themselves: what the eye of a petrophysicist looks for."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.filters_1d.hampel import running_deviation
from aemodels.detect.cross_curve.linear_predictor import REACH, CrossPredictor
from aemodels.detect.depth_shift.candidates import shifts
from aemodels.detect.depth_shift.lagged_correlation import FAR, lagged_correlation
from aemodels.detect.depth_shift.step_predictor import pairs
from aemodels.signal.quality_rules import STRAIGHT, STUCK_SAMPLES
from aemodels.signal.runs import run_lengths, straight_runs

LAG_WINDOWS = (41, 121)  # samples, 6 and 18 m
PER_CURVE = 11 + 3 * len(LAG_WINDOWS)
_HAMPEL = 7
_BASELINE = 401  # samples, 61 m: what a curve is off its prediction throughout is the rock's, not a fault's
_LEAST = 1e-4  # normalised units: below it, a step is none


def channels(section: Section, predictor: CrossPredictor) -> FloatArray:
    """Input channels of the fault network, float32[sample, PER_CURVE * curve], each of order one.

    For every curve, in this order: value, mask, difference, logarithm of its size, distance from the running median
    of seven, logarithm of the length of the flat run, residual from the prediction by the other curves, that residual
    less its mean over 401 samples, how far beyond the usual range, for intervals at a repeat how exact it is and how
    much better they fit moved back; then for two windows the correlation with the prediction in place, moved, and by
    how much. Where a curve is not observed its channels are 0.

    Args:
        section: normalised curves.
        predictor: fitted on other wells.
    """
    held = np.clip(section.values, *REACH)
    clipped = section.with_values(held)
    predicted = predictor.predict(clipped)
    residual = np.where(section.mask, held - predicted, 0)
    steps = np.where(pairs(section), np.diff(section.values, axis=1, prepend=section.values[:, :1]), 0)
    median, _ = running_deviation(held, _HAMPEL)
    parts = [
        held - 0.5,
        section.mask,
        np.clip(4 * steps, -3, 3),
        np.log10(np.abs(steps) + _LEAST) / 2 + 1,
        np.clip(5 * (held - median), -3, 3),
        np.log2(flat_lengths(section)) / 4,
        np.clip(2 * residual, -2, 2),
        np.clip(3 * (residual - _baseline(residual, section)), -3, 3),
        np.sign(section.values) * np.log1p(np.abs(section.values - held)) / 4,
    ]
    moved = shifts(section, predicted)
    parts += [moved.repeat / 3, np.sign(moved.gain) * np.log1p(np.abs(moved.gain)) / 3]
    for window in LAG_WINDOWS:
        lagged = lagged_correlation(clipped, predicted, window)
        parts += [lagged.near, lagged.far, lagged.lag / FAR[1]]
    joined = np.concatenate([np.where(section.mask, part, 0).astype(np.float32) for part in parts])
    return np.ascontiguousarray(joined.T)


def flat_lengths(section: Section) -> FloatArray:
    """Length of the run of identical observed values around each sample, float32[channel, sample]; 1 = none."""
    return np.stack([run_lengths(curve) for curve in _read(section)]).astype(np.float32)


def straight_lines(section: Section) -> BoolArray:
    """Whether each sample lies on a straight line of nine readings or more, bool[channel, sample].

    Level, it is a tool that sticks, and the quality rule flags it; inclined, a gap that was filled by interpolation.
    Neither was measured. A resistivity that was filled before its logarithm was taken bends, and is not seen.
    """
    return np.stack([straight_runs(curve, STUCK_SAMPLES, STRAIGHT) for curve in _read(section)])


def _read(section: Section) -> FloatArray:
    """The readings, NaN where there is none."""
    return np.where(section.mask, section.values, np.float32(np.nan))


def _baseline(residual: FloatArray, section: Section) -> FloatArray:
    """Running mean of the observed residuals."""
    total = uniform_filter1d(residual, _BASELINE, axis=1, mode="nearest")
    seen = uniform_filter1d(section.mask.astype(np.float32), _BASELINE, axis=1, mode="nearest")
    return np.asarray(total / np.maximum(seen, 1e-3), dtype=np.float32)
