"""Noise along a well: its size where it is known, and what counts as far above that of the training wells."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.types import Section
from aemodels.signal.noise_level import noise_along, unusually_noisy, usual_noise
from helpers.recordings import make_section


def _noisy(sigma: float, seed: int = 0, samples: int = 3000) -> Section:
    rng = np.random.default_rng(seed)
    rock = 0.5 + 0.2 * np.sin(np.arange(samples) / 90.0)
    return make_section(rock + rng.normal(0, sigma, (2, samples)))


def test_the_noise_is_that_which_was_added() -> None:
    for sigma in (0.01, 0.1):
        assert float(np.median(noise_along(_noisy(sigma)))) == pytest.approx(sigma, rel=0.1)


def test_a_short_rough_interval_is_not_noise() -> None:
    section = _noisy(0.01)
    values = section.values.copy()
    values[0, 1000:1060] += np.random.default_rng(1).normal(0, 0.3, 60)
    usual = usual_noise([_noisy(0.01, seed) for seed in range(4)])
    assert not unusually_noisy(section.with_values(values), usual).any()


def test_a_curve_that_is_noisy_over_a_long_interval_is_told_from_the_other() -> None:
    section = _noisy(0.01)
    values = section.values.copy()
    values[0, 800:2200] += np.random.default_rng(1).normal(0, 0.1, 1400)
    found = unusually_noisy(section.with_values(values), usual_noise([_noisy(0.01, seed) for seed in range(4)]))
    assert found[0, 1000:2000].all()
    assert not found[0, :500].any()
    assert not found[1].any()


def test_a_curve_that_no_training_well_has_is_not_judged_by_its_noise() -> None:
    mask = np.ones((2, 3000), dtype=bool)
    mask[1] = False
    usual = usual_noise([make_section(_noisy(0.01).values, mask)])
    assert usual[1] == 0
    assert not unusually_noisy(_noisy(0.5), usual)[1].any()


def test_a_curve_in_another_unit_is_not_called_noisy() -> None:
    section = _noisy(0.01)
    values = section.values.copy()
    values[0, 800:2200] *= 100.0
    usual = usual_noise([_noisy(0.01, seed) for seed in range(4)])
    assert (noise_along(section.with_values(values))[0, 1000:2000] > 3 * usual[0]).all()
    assert not unusually_noisy(section.with_values(values), usual)[:, 1000:2000].any()
