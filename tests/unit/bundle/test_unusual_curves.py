"""Curves outside the range of training are denoised with the others, the others without them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.bundle.unusual_curves import denoise_usual_apart, unusual_curves
from aemodels.core.types import Section


class MeanOfCurves:
    """A denoiser whose estimate of every curve is the mean of those observed, so that each depends on all."""

    def __init__(self) -> None:
        self.calls = 0

    def denoise(self, section: Section) -> np.ndarray:
        self.calls += 1
        mean = np.where(section.mask, section.values, 0).sum(axis=0) / np.maximum(section.mask.sum(axis=0), 1)
        return np.broadcast_to(mean.astype(np.float32), section.values.shape).copy()


def well(*levels: float, noise: float = 0.1) -> Section:
    rng = np.random.default_rng(0)
    values = np.array(levels)[:, None] + noise * rng.normal(size=(len(levels), 2000))
    return Section("w", values.astype(np.float32), np.ones(values.shape, dtype=bool), np.ones(len(levels), np.float32))


def changed(section: Section, row: int, where: slice, value: float) -> Section:
    values = section.values.copy()
    values[row, where] = value
    return dataclasses.replace(section, values=values)


def test_curves_of_usual_values_do_not_see_the_unusual_one() -> None:
    section = well(0.2, 0.5, 1.8)
    found = denoise_usual_apart(MeanOfCurves(), section)
    np.testing.assert_allclose(found[:2], np.broadcast_to(section.values[:2].mean(axis=0), (2, 2000)), rtol=1e-6)
    np.testing.assert_allclose(found[2], section.values.mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("levels", [(0.1, 0.5, 0.9), (1.9, 1.8), (2.0,)])
def test_without_unusual_curves_or_without_others_the_denoiser_runs_once(levels) -> None:
    denoiser, section = MeanOfCurves(), well(*levels)
    found = denoise_usual_apart(denoiser, section)
    assert denoiser.calls == 1
    np.testing.assert_array_equal(found, MeanOfCurves().denoise(section))


def test_noise_and_single_readings_make_no_curve_unusual() -> None:
    assert not unusual_curves(well(0.5, 0.9, noise=0.3)).any()
    assert not unusual_curves(changed(well(0.5, 0.5), 0, slice(None, None, 20), 9.0)).any()


@pytest.mark.parametrize(("samples", "unusual"), [(30, False), (60, True)])
def test_more_than_two_percent_of_the_readings_have_to_be_outside(samples: int, unusual: bool) -> None:
    section = changed(well(0.5, 0.5, noise=0.01), 1, slice(500, 500 + samples), -0.8)
    assert unusual_curves(section).tolist() == [False, unusual]


def test_missing_readings_do_not_count() -> None:
    section = changed(well(0.5, 0.5, noise=0.01), 1, slice(500, 700), -0.8)
    mask = section.mask.copy()
    mask[1, 500:700] = False
    assert not unusual_curves(dataclasses.replace(section, mask=mask)).any()
