"""Ridge-regularised FIR filter over all curves: the optimal linear filter of a given length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import correlate1d

from aemodels.core.interfaces import Denoiser, FitContext, FitResult
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Section
from aemodels.signal.noise_estimate import noise_sigma
from aemodels.signal.windows import WindowSpec, window_moments

_LOST = 1e6  # noise variance of a missing channel, which gives it no weight


class RidgeFir(Spec):
    """Ridge regression of each sample on the neighbouring samples of all curves.

    The inputs have white noise of the estimated level. No noise is drawn: its expectation adds the noise variance to
    the diagonal of the covariance of the clean windows, which is the ridge.

    References:
        Hoerl & Kennard (1970), Technometrics 12, 55; Bishop (1995), Neural Computation 7, 108 (noise as ridge).
    """

    kind: Literal["ridge_fir"] = "ridge_fir"
    window: WindowSpec = Field(
        default=WindowSpec(length=41, stride=5, width=0),
        description="filter length, stride of the windows of the fit, and channels per window",
    )

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        """Fit the mean and covariance of the training windows; the noise level is estimated when denoising."""
        mean, covariance = window_moments(train, self.window)
        return FitResult(denoiser=RidgeFirDenoiser(self, mean, covariance), parameters=mean.size * len(covariance))

    def restore(self, arrays: dict[str, NDArray[Any]]) -> Denoiser:
        return RidgeFirDenoiser(self, arrays["mean"], arrays["covariance"])


@dataclass(frozen=True, eq=False)
class RidgeFirDenoiser:
    """Fitted RidgeFir: mean float64[channel], covariance float64[tap * channel, tap * channel], taps slowest."""

    spec: RidgeFir
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def denoise(self, section: Section) -> FloatArray:
        width = len(self.mean)
        out = np.empty_like(section.values)
        for first in range(0, len(section.values), width):
            rows = slice(first, first + width)
            sigma = noise_sigma(section.values[rows], section.mask[rows])[:, 0].astype(np.float64)
            noise = np.where(section.mask[rows].any(axis=1), sigma**2, _LOST)
            out[rows] = self._filter(section.values[rows], self.weights(noise))
        return out

    def weights(self, noise: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return filter weights float64[tap, input channel, output channel] for noise variances float64[channel]."""
        width, taps = len(self.mean), self.spec.window.length
        centre = slice(taps // 2 * width, (taps // 2 + 1) * width)
        ridge = np.tile(noise, taps) + 1e-9 * np.trace(self.covariance) / len(self.covariance) + 1e-12
        solved = np.linalg.solve(self.covariance + np.diag(ridge), self.covariance[:, centre])
        return np.asarray(solved.reshape(taps, width, width))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"mean": self.mean, "covariance": self.covariance}

    def _filter(self, values: FloatArray, weights: NDArray[np.float64]) -> FloatArray:
        centred = values - self.mean[:, None]
        out = np.repeat(self.mean[:, None], values.shape[1], axis=1)
        for source, row in enumerate(centred):
            for target in range(len(values)):
                out[target] += correlate1d(row, weights[:, source, target], mode="nearest")
        return out.astype(np.float32)
