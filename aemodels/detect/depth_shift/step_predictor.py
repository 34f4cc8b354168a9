"""Steps of curves from sample to sample, predicted from those of the others: bed boundaries are what tells depth."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import FloatArray, Section
from aemodels.detect.cross_curve.linear_predictor import REACH, CrossPredictor, fit_predictors

_GAIN = 15.0  # brings steps to the order of the values that the prediction's ridge is made for


def steps(section: Section) -> FloatArray:
    """Value less the one before, float32[channel, sample], normalised units; 0 where either is not observed."""
    values = np.clip(section.values, *REACH)
    return np.where(pairs(section), np.diff(values, axis=1, prepend=values[:, :1]), 0).astype(np.float32)


@dataclass(frozen=True, eq=False)
class StepPredictor:
    """Best linear prediction of each curve's steps from a window of the others'."""

    inner: CrossPredictor

    def predict(self, section: Section) -> FloatArray:
        """float32[channel, sample], normalised units a sample."""
        return self.inner.predict(_as_section(section)) / np.float32(_GAIN)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return self.inner.arrays()


def fit_step_predictors(train: Sequence[Section]) -> tuple[StepPredictor, list[StepPredictor]]:
    """One predictor of all training sections, and for each of them one of the others."""
    every, without = fit_predictors([_as_section(section) for section in train])
    return StepPredictor(every), [StepPredictor(one) for one in without]


def _as_section(section: Section) -> Section:
    return dataclasses.replace(section, values=steps(section) * np.float32(_GAIN), mask=pairs(section))


def pairs(section: Section) -> NDArray[np.bool_]:
    """bool[channel, sample]: the sample and the one before it are observed."""
    before = np.concatenate([np.zeros_like(section.mask[:, :1]), section.mask[:, :-1]], axis=1)
    return np.asarray(section.mask & before)
