"""Co-kriging across gaps: the conditional mean of a Gaussian process, given all curves nearby."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.linalg import solve

from aemodels.core.interfaces import Denoiser, FitContext, FitResult
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Section
from aemodels.signal.noise_estimate import noise_sigma
from aemodels.signal.runs import runs
from aemodels.signal.windows import WindowSpec, window_moments

_MIN_NOISE_VARIANCE = 1e-6  # in normalised units; keeps the system solvable if curves are collinear


class CoKriging(Spec):
    """Estimation of missing samples from the observed samples nearby on all curves; observed samples are unchanged.

    References:
        Myers (1982), Mathematical Geology 14, 249 (co-kriging); Rasmussen & Williams (2006), Gaussian Processes for
        Machine Learning, 2.2 (the conditional mean). Mean and covariance are those of the training windows.
    """

    earlier_names: ClassVar[Mapping[str, str]] = {"longest": "max_gap"}

    kind: Literal["co_kriging"] = "co_kriging"
    window: WindowSpec = Field(
        default=WindowSpec(length=33, stride=7, width=0),
        description="window of the covariance, and the stride of the windows it is fitted on",
    )
    reach: int = Field(default=8, ge=1, le=512, description="maximum number of samples used on either side of a gap")
    max_gap: int = Field(default=64, ge=1, le=4096, description="longest gap that is filled, in samples")

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        mean, covariance = window_moments(train, self.window)
        return FitResult(denoiser=CoKrigingDenoiser(self, mean, covariance), parameters=mean.size + covariance.size)

    def restore(self, arrays: dict[str, NDArray[Any]]) -> Denoiser:
        return CoKrigingDenoiser(self, arrays["mean"], arrays["covariance"])


@dataclass(frozen=True, eq=False)
class CoKrigingDenoiser:
    """Fitted CoKriging: mean float64[channel], covariance float64[tap * channel, tap * channel], taps slowest."""

    spec: CoKriging
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def denoise(self, section: Section) -> FloatArray:
        width, (channels, samples) = len(self.mean), section.values.shape
        out = section.values.copy()
        if samples < self.spec.window.length:
            return out
        for first in range(0, channels - width + 1, width):
            rows = slice(first, first + width)
            window = Section(section.name, section.values[rows], section.mask[rows], section.scale[rows])
            noise = np.maximum(
                noise_sigma(window.values, window.mask)[:, 0].astype(np.float64) ** 2, _MIN_NOISE_VARIANCE
            )
            for channel, start, stop in self._gaps(window):
                out[first + channel, start:stop] = self._conditional(window, noise, channel, (start, stop))
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"mean": self.mean, "covariance": self.covariance}

    def _gaps(self, section: Section) -> Iterator[tuple[int, int, int]]:
        """Yield channel, start and exclusive end of each gap, split into pieces of at most half a window."""
        half = max(self.spec.window.length // 2, 1)
        for channel, seen in enumerate(section.mask):
            for start, stop in runs(~seen):
                if stop - start <= self.spec.max_gap:
                    edges = [*range(start, stop, half), stop]
                    yield from ((channel, a, b) for a, b in itertools.pairwise(edges))

    def _conditional(
        self, section: Section, noise: NDArray[np.float64], channel: int, lost: tuple[int, int]
    ) -> NDArray[np.float64]:
        """Return the mean of the missing samples given the observed ones of the window around them."""
        width = len(self.mean)
        length = min(self.spec.window.length, lost[1] - lost[0] + 2 * self.spec.reach)
        first = int(np.clip((lost[0] + lost[1] - length) // 2, 0, section.values.shape[1] - length))
        window = np.s_[:, first : first + length]
        known = np.flatnonzero(section.mask[window].T)
        wanted = (np.arange(*lost) - first) * width + channel
        if not known.size:
            return np.full(wanted.size, self.mean[channel])
        centred = (section.values[window].T - self.mean).ravel()[known]
        mean = conditional_mean(self.covariance, (wanted, known), centred, noise[known % width])
        return np.asarray(self.mean[channel] + mean)


def conditional_mean(
    covariance: NDArray[np.float64],
    indices: tuple[NDArray[np.int64], NDArray[np.int64]],
    values: NDArray[np.float64],
    noise: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the conditional mean of some elements of a zero-mean Gaussian vector, given noisy values of others.

    Args:
        covariance: float64[size, size].
        indices: of the wanted and of the known elements.
        values: float64[known].
        noise: float64[known], noise variances.
    """
    wanted, known = indices
    system = covariance[np.ix_(known, known)]
    system[np.diag_indices(known.size)] += noise
    return np.asarray(covariance[np.ix_(wanted, known)] @ solve(system, values, assume_a="pos"))
