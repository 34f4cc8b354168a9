"""Input features of the fault network."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.filters_1d.hampel import mirrored_median
from aemodels.detect.cross_curve.linear_predictor import CLIP_RANGE, RidgeFromOtherCurves
from aemodels.detect.depth_shift.lagged_correlation import LAG_RANGE
from aemodels.detect.depth_shift.step_predictor import step_mask
from aemodels.detect.depth_shift.well_features import WellFeatures
from aemodels.signal.quality_rules import STRAIGHT_TOLERANCE, STUCK_SAMPLES
from aemodels.signal.runs import run_lengths, straight_runs

LAG_WINDOWS = (41, 121)  # samples, 6 and 18 m
FEATURES_PER_CURVE = 11 + 3 * len(LAG_WINDOWS)
_HAMPEL = 7
_BASELINE = 401  # samples, 61 m: a residual that is constant over more than this is due to rock, not to a fault
_MIN_STEP = 1e-4  # normalised units; added before the logarithm of a step is taken


def input_features(features: WellFeatures, predictor: RidgeFromOtherCurves) -> FloatArray:
    """Return the input features, float32[sample, FEATURES_PER_CURVE * curve], each of order one.

    For every curve, in this order: value, mask, difference, logarithm of its size, distance from the running median
    of seven, logarithm of the length of the flat run, residual from the prediction by the other curves, that residual
    less its mean over 401 samples, distance beyond the usual range, for intervals beside a repeat its
    strength and the likelihood gained by shifting them back; then for two windows the correlation with
    the prediction at zero lag, at the best lag, and that lag. 0 if the curve is not observed.

    Args:
        features: of the normalised curves.
        predictor: fitted on other wells.
    """
    section, predicted = features.section, features.predicted(predictor)
    clipped = np.clip(section.values, *CLIP_RANGE)
    residual = np.where(section.mask, clipped - predicted, 0)
    steps = np.where(step_mask(section), np.diff(section.values, axis=1, prepend=section.values[:, :1]), 0)
    median = mirrored_median(clipped, _HAMPEL)
    parts = [
        clipped - 0.5,
        section.mask,
        np.clip(4 * steps, -3, 3),
        np.log10(np.abs(steps) + _MIN_STEP) / 2 + 1,
        np.clip(5 * (clipped - median), -3, 3),
        np.log2(flat_lengths(section)) / 4,
        np.clip(2 * residual, -2, 2),
        np.clip(3 * (residual - _baseline(residual, section)), -3, 3),
        np.sign(section.values) * np.log1p(np.abs(section.values - clipped)) / 4,
    ]
    shift = features.shift_evidence(predictor)
    parts += [shift.repeat / 3, np.sign(shift.gain) * np.log1p(np.abs(shift.gain)) / 3]
    for correlation in features.lagged_correlations(predictor, LAG_WINDOWS):
        parts += [correlation.zero_lag, correlation.best_lag, correlation.lag / LAG_RANGE[1]]
    joined = np.concatenate([np.where(section.mask, part, 0).astype(np.float32) for part in parts])
    return np.ascontiguousarray(joined.T)


def flat_lengths(section: Section) -> FloatArray:
    """Return the length of the run of identical values that each sample is in, float32[channel, sample]; 1 = no run."""
    return run_lengths(_observed(section)).astype(np.float32)


def straight_lines(section: Section) -> BoolArray:
    """Return True for samples on a straight line of nine readings or more, bool[channel, sample].

    A level line is a stuck tool, which the quality rule flags; an inclined one is a gap filled by interpolation.
    Neither was measured. A resistivity that was interpolated before taking its logarithm is curved, and not detected.
    """
    return np.stack([straight_runs(curve, STUCK_SAMPLES, STRAIGHT_TOLERANCE) for curve in _observed(section)])


def _observed(section: Section) -> FloatArray:
    """Return the values with NaN for unobserved samples."""
    return np.where(section.mask, section.values, np.float32(np.nan))


def _baseline(residual: FloatArray, section: Section) -> FloatArray:
    """Return the running mean of the observed residuals."""
    total = uniform_filter1d(residual, _BASELINE, axis=1, mode="nearest")
    observed = uniform_filter1d(section.mask.astype(np.float32), _BASELINE, axis=1, mode="nearest")
    return np.asarray(total / np.maximum(observed, 1e-3), dtype=np.float32)
