"""Prediction of each curve's steps between samples from those of the other curves; bed boundaries define depth."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import FloatArray, Section
from aemodels.detect.cross_curve.linear_predictor import CLIP_RANGE, RidgeFromOtherCurves, fit_predictors

_STEP_SCALE = 15.0  # scales steps to the order of the values that the ridge parameter is chosen for


def curve_steps(section: Section) -> FloatArray:
    """Return each value less the one before, float32[channel, sample], normalised units; 0 if either is unobserved."""
    values = np.clip(section.values, *CLIP_RANGE)
    return np.where(step_mask(section), np.diff(values, axis=1, prepend=values[:, :1]), 0).astype(np.float32)


@dataclass(frozen=True, eq=False)
class StepPredictor:
    """Ridge regression of each curve's steps on a window of the others'."""

    inner: RidgeFromOtherCurves

    def predict(self, section: Section) -> FloatArray:
        """Return the predicted steps, float32[channel, sample], in normalised units per sample."""
        return self.inner.predict(_as_section(section)) / np.float32(_STEP_SCALE)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return self.inner.arrays()


def fit_step_predictors(train: Sequence[Section]) -> tuple[StepPredictor, list[StepPredictor]]:
    """Fit one predictor to all training sections, and for each of them one to the others."""
    predictor, out_of_fold = fit_predictors([_as_section(section) for section in train])
    return StepPredictor(predictor), [StepPredictor(one) for one in out_of_fold]


def _as_section(section: Section) -> Section:
    """Return the scaled steps as a section."""
    return dataclasses.replace(section, values=curve_steps(section) * np.float32(_STEP_SCALE), mask=step_mask(section))


def step_mask(section: Section) -> NDArray[np.bool_]:
    """Return bool[channel, sample]: True if the sample and the one before it are observed."""
    before = np.concatenate([np.zeros_like(section.mask[:, :1]), section.mask[:, :-1]], axis=1)
    return np.asarray(section.mask & before)
