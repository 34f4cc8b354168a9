"""Linear prediction of each curve from the other curves around it, with whichever of them are observed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, Section
from aemodels.signal.windows import WindowSpec, cut

TAPS = 41  # samples, 6 m at the usual spacing: thin beds and the shoulders of thick ones
RIDGE = 0.003  # normalised units squared, added to the diagonal of the covariance
CLIP_RANGE = (-0.75, 1.75)  # normalised units: values beyond are not readings, and would dominate all windows nearby
_STRIDE = 2
_MIN_OBSERVED_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class WindowMoments:
    """Sums over complete windows; those of one well can be subtracted from those of all wells.

    Args:
        count: number of windows.
        first: float64[tap * channel], sum of the windows, taps slowest.
        second: float64[tap * channel, tap * channel], sum of their outer products.
    """

    count: int
    first: NDArray[np.float64]
    second: NDArray[np.float64]

    def __add__(self, other: WindowMoments) -> WindowMoments:
        return WindowMoments(self.count + other.count, self.first + other.first, self.second + other.second)

    def __sub__(self, other: WindowMoments) -> WindowMoments:
        return WindowMoments(self.count - other.count, self.first - other.first, self.second - other.second)


@dataclass(frozen=True, eq=False)
class RidgeFromOtherCurves:
    """Ridge regression of each curve on a window of the others.

    Args:
        mean: float64[channel].
        covariance: float64[tap * channel, tap * channel], taps slowest.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    _weights: dict[tuple[bool, ...], FloatArray] = field(default_factory=dict, repr=False)

    @cached_property
    def content_hash(self) -> str:
        """sha256 of everything that was fitted: equal predictors predict the same."""
        return hashlib.sha256(self.mean.tobytes() + self.covariance.tobytes()).hexdigest()

    def predict(self, section: Section) -> FloatArray:
        """Return the predicted curves, float32[channel, sample], in normalised units.

        Curves that are observed in less than half of a window are not used in it; if no other curve is left, the
        prediction is the mean.
        """
        channels, samples = section.values.shape
        taps = len(self.covariance) // channels
        centred = (np.clip(section.values, *CLIP_RANGE) - self.mean[:, None]).astype(np.float32)
        padded = np.pad(centred, ((0, 0), (taps // 2, taps // 2)), mode="edge")
        by_sample = np.ascontiguousarray(padded.T).ravel()
        windows = np.lib.stride_tricks.sliding_window_view(by_sample, taps * channels)[::channels]
        observed = uniform_filter1d(section.mask.astype(np.float32), taps, axis=1, mode="nearest") >= 0.5
        out = np.empty((samples, channels), dtype=np.float32)
        bits = 1 << np.arange(channels)  # a pattern of observed curves as one number
        patterns = bits @ observed
        for pattern in np.unique(patterns):
            rows = np.flatnonzero(patterns == pattern)
            out[rows] = windows[rows] @ self._weights_for(tuple(bool(pattern & bit) for bit in bits))
        return np.asarray(out.T + self.mean[:, None], dtype=np.float32)

    def residual(self, section: Section) -> FloatArray:
        """Return the curve less its prediction, float32[channel, sample]; NaN if the curve is not observed."""
        difference = np.clip(section.values, *CLIP_RANGE) - self.predict(section)
        return np.where(section.mask, difference, np.nan).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return {"mean": self.mean, "covariance": self.covariance}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> RidgeFromOtherCurves:
        """Rebuild a predictor from its arrays."""
        return cls(arrays["mean"], arrays["covariance"])

    def _weights_for(self, pattern: tuple[bool, ...]) -> FloatArray:
        """Return the weights float32[tap * channel, channel] for a pattern of observed curves."""
        if pattern not in self._weights:
            channels = len(self.mean)
            taps = len(self.covariance) // channels
            weights = np.zeros((taps * channels, channels))
            for target in range(channels):
                sources = np.array([pattern[c] and c != target for c in range(channels)])
                used = np.flatnonzero(np.tile(sources, taps))
                if used.size:
                    inner = self.covariance[np.ix_(used, used)] + RIDGE * np.eye(used.size)
                    weights[used, target] = np.linalg.solve(inner, self.covariance[used, taps // 2 * channels + target])
            self._weights[pattern] = weights.astype(np.float32)
        return self._weights[pattern]


def window_moments(section: Section, taps: int = TAPS) -> WindowMoments:
    """Return the moments of the section's windows of which nine tenths are observed; there may be none."""
    windows = cut(section, WindowSpec(length=taps, stride=_STRIDE))
    flat = np.clip(windows.values.reshape(len(windows.values), -1), *CLIP_RANGE).astype(np.float64)
    full = windows.mask.reshape(len(windows.mask), -1).mean(axis=1) > _MIN_OBSERVED_SHARE
    flat = flat[full]
    return WindowMoments(len(flat), flat.sum(axis=0), flat.T @ flat)


def ridge_of_moments(moments: WindowMoments, channels: int) -> RidgeFromOtherCurves:
    """Return the predictor of summed moments; with fewer than two windows it predicts 0.5, the middle of the range."""
    size = len(moments.first)
    if moments.count < 2:
        return RidgeFromOtherCurves(np.full(channels, 0.5), np.zeros((size, size)))
    mean = (moments.first / moments.count).reshape(-1, channels).mean(axis=0)
    tiled = np.tile(mean, size // channels)
    covariance = (
        moments.second / moments.count
        - np.outer(tiled, moments.first / moments.count)
        - np.outer(moments.first / moments.count, tiled)
        + np.outer(tiled, tiled)
    )
    return RidgeFromOtherCurves(mean, covariance)


def fit_predictors(
    train: Sequence[Section], taps: int = TAPS
) -> tuple[RidgeFromOtherCurves, list[RidgeFromOtherCurves]]:
    """Fit one predictor to all training sections, and for each of them one to the others.

    A section is scored with the out-of-fold one, because residuals within the fit are too small. The one of a section
    of another basin is fitted without its whole basin.
    """
    moments = [window_moments(section, taps) for section in train]
    total = moments[0]
    for item in moments[1:]:
        total = total + item
    channels = len(train[0].values)
    predictor = ridge_of_moments(total, channels)
    if len(train) == 1:
        return predictor, [predictor]
    by_basin: dict[str, WindowMoments] = {}
    for section, item in zip(train, moments, strict=True):
        by_basin[section.basin] = by_basin[section.basin] + item if section.basin in by_basin else item
    out_of_fold = [
        ridge_of_moments(total - (by_basin[section.basin] if section.basin else item), channels)
        for section, item in zip(train, moments, strict=True)
    ]
    return predictor, out_of_fold
