"""Every curve predicted from the others around it: linear, with whatever curves a stretch has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.core.types import FloatArray, Section
from aemodels.signal.windows import WindowSpec, cut

TAPS = 41  # samples, 6 m at the usual spacing: thin beds and the shoulders of thick ones
RIDGE = 0.003  # normalised units squared: what a curve may be off and still be followed
REACH = (-0.75, 1.75)  # normalised units: what lies beyond is no reading, and would drown everything near it
_STRIDE = 2
_FULL = 0.9


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over complete windows, so that one well's can be taken out of all wells'.

    Args:
        count: windows.
        first: float64[tap * channel], sum of the windows, taps slowest.
        second: float64[tap * channel, tap * channel], sum of their outer products.
    """

    count: int
    first: NDArray[np.float64]
    second: NDArray[np.float64]

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.count + other.count, self.first + other.first, self.second + other.second)

    def __sub__(self, other: Moments) -> Moments:
        return Moments(self.count - other.count, self.first - other.first, self.second - other.second)


@dataclass(frozen=True, eq=False)
class CrossPredictor:
    """Best linear prediction of each curve from a window of the others.

    Args:
        mean: float64[channel].
        covariance: float64[tap * channel, tap * channel], taps slowest.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    _weights: dict[tuple[bool, ...], FloatArray] = field(default_factory=dict, repr=False)

    def predict(self, section: Section) -> FloatArray:
        """float32[channel, sample], normalised units; the mean where no other curve is observed.

        Curves that are observed in less than half of a window take no part in it.
        """
        channels, samples = section.values.shape
        taps = len(self.covariance) // channels
        centred = (np.clip(section.values, *REACH) - self.mean[:, None]).astype(np.float32)
        padded = np.pad(centred, ((0, 0), (taps // 2, taps // 2)), mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, taps, axis=1)  # [channel, sample, tap]
        seen = uniform_filter1d(section.mask.astype(np.float32), taps, axis=1, mode="nearest") >= 0.5
        out = np.empty((samples, channels), dtype=np.float32)
        patterns, which = np.unique(seen.T, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            rows = np.flatnonzero(which == number)
            block = windows[:, rows].transpose(1, 2, 0).reshape(len(rows), -1)
            out[rows] = block @ self._solved(tuple(bool(item) for item in pattern))
        return np.asarray(out.T + self.mean[:, None], dtype=np.float32)

    def residual(self, section: Section) -> FloatArray:
        """Curve less its prediction, float32[channel, sample]; NaN where the curve is not observed."""
        difference = np.clip(section.values, *REACH) - self.predict(section)
        return np.where(section.mask, difference, np.nan).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"mean": self.mean, "covariance": self.covariance}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> CrossPredictor:
        """The inverse of arrays."""
        return cls(arrays["mean"], arrays["covariance"])

    def _solved(self, pattern: tuple[bool, ...]) -> FloatArray:
        """Weights float32[tap * channel, channel] where only the curves of the pattern are there."""
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


def section_moments(section: Section, taps: int = TAPS) -> Moments:
    """Moments of a section's windows that are observed throughout (to nine tenths); none may be."""
    windows = cut(section, WindowSpec(length=taps, stride=_STRIDE))
    flat = np.clip(windows.values.reshape(len(windows.values), -1), *REACH).astype(np.float64)
    full = windows.mask.reshape(len(windows.mask), -1).mean(axis=1) > _FULL
    flat = flat[full]
    return Moments(len(flat), flat.sum(axis=0), flat.T @ flat)


def predictor(moments: Moments, channels: int) -> CrossPredictor:
    """The predictor of summed moments; predicts 0.5, the middle of the range, where there are too few windows."""
    size = len(moments.first)
    if moments.count < 2:
        return CrossPredictor(np.full(channels, 0.5), np.zeros((size, size)))
    mean = (moments.first / moments.count).reshape(-1, channels).mean(axis=0)
    tiled = np.tile(mean, size // channels)
    covariance = (
        moments.second / moments.count
        - np.outer(tiled, moments.first / moments.count)
        - np.outer(moments.first / moments.count, tiled)
        + np.outer(tiled, tiled)
    )
    return CrossPredictor(mean, covariance)


def fit_predictors(train: Sequence[Section], taps: int = TAPS) -> tuple[CrossPredictor, list[CrossPredictor]]:
    """One predictor of all training sections, and for each of them one of the others.

    What a section is judged by must not have seen it: residuals of a curve within the fit are too small.
    """
    moments = [section_moments(section, taps) for section in train]
    total = moments[0]
    for item in moments[1:]:
        total = total + item
    channels = len(train[0].values)
    every = predictor(total, channels)
    without = [predictor(total - item, channels) if len(train) > 1 else every for item in moments]
    return every, without
