"""Base class of the classical filters: a grid of settings, tuned on validation sections."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.interfaces import Denoiser, FitContext, FitResult
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Section
from aemodels.denoisers.guarded.spike_gate import spike_share
from aemodels.noise import corrupt_section
from aemodels.signal.noise_estimate import noise_sigma

_SPIKE_FLOOR = 1e-3  # shares of spikes well below this count as none


class ClassicalBase(Spec):
    """A filter along the samples whose strength is tuned per curve and noise level on validation wells.

    Tuning never uses the test wells. When scoring, the noise level and (for curves) the share of spikes are estimated
    from the data, and the setting tuned at the nearest level is applied, so that classical filters know no more than
    the networks.
    """

    @abstractmethod
    def candidates(self) -> Sequence[dict[str, float]]:
        """Return the settings to choose from, weakest first."""

    @abstractmethod
    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        """Filter float32[channel, sample] along the samples; returns the same shape."""

    def fit(self, train: Sequence[Section], validation: Sequence[Section], context: FitContext) -> FitResult:
        """Choose the setting with the least squared error per tuning level and channel group."""
        rng = np.random.default_rng(context.seed)
        groups = len(validation[0].values) if context.kind == "logs" else 1
        levels = np.empty((len(context.tuning), groups, 2))
        errors = np.zeros((len(context.tuning), groups, len(self.candidates())))
        for level, noises in enumerate(context.tuning):
            noisy = [corrupt_section(noises, section, rng) for section in validation]
            levels[level] = np.median([_level(section, groups) for section in noisy], axis=0)
            for column, setting in enumerate(self.candidates()):
                errors[level, :, column] = sum(
                    _squared_error(self.smooth(dirty.values, setting), clean, groups)
                    for dirty, clean in zip(noisy, validation, strict=True)
                )
        denoiser = ClassicalDenoiser(spec=self, levels=levels, choices=errors.argmin(axis=-1))
        return FitResult(denoiser=denoiser, history={}, parameters=levels.size)

    def restore(self, arrays: dict[str, NDArray[Any]]) -> Denoiser:
        return ClassicalDenoiser(spec=self, levels=arrays["levels"], choices=arrays["choices"])


@dataclass(frozen=True)
class ClassicalDenoiser:
    """A tuned filter.

    Args:
        spec: the filter.
        levels: float64[level, group, 2], logarithms of the noise estimate and of the share of spikes at each tuning
            level; a group is one curve, or all traces.
        choices: int64[level, group], index of the chosen candidate.
    """

    spec: ClassicalBase
    levels: NDArray[np.float64]
    choices: NDArray[np.int64]

    def denoise(self, section: Section) -> FloatArray:
        groups = self.levels.shape[1]
        distance = ((self.levels - _level(section, groups)) ** 2).sum(axis=-1)
        nearest = distance.argmin(axis=0)
        settings = self.spec.candidates()
        out = np.empty_like(section.values)
        for group in range(groups):
            rows = slice(group, group + 1) if groups > 1 else slice(None)
            out[rows] = self.spec.smooth(section.values[rows], settings[int(self.choices[nearest[group], group])])
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"levels": self.levels, "choices": self.choices}


def _level(section: Section, groups: int) -> NDArray[np.float64]:
    """Return the logarithms of the noise estimate and spike share: float64[group, 2].

    Traces form one group, with the median noise estimate and no spikes.
    """
    sigma = np.log(np.maximum(noise_sigma(section.values, section.mask)[:, 0], 1e-6)).astype(np.float64)
    if groups == 1:
        median = np.log(max(section.noise.median, 1e-6)) if section.noise else np.median(sigma)
        return np.array([[median, 0.0]])  # the spike gate suits curves only: an oscillating trace is all peaks
    return np.stack([sigma, np.log(spike_share(section.values, section.mask) + _SPIKE_FLOOR)], axis=-1)


def _squared_error(estimate: FloatArray, clean: Section, groups: int) -> NDArray[np.float64]:
    error = np.where(clean.mask, estimate - clean.values, 0).astype(np.float64) ** 2
    return error.sum(axis=1) if groups > 1 else np.array([error.sum()])
