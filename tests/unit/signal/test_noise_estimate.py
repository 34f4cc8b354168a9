from __future__ import annotations

import numpy as np
import pytest

from aemodels.signal.noise_estimate import noise_sigma, noise_sigma_along


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.5])
def test_white_noise_on_a_parabola(sigma):
    samples = np.linspace(-1, 1, 20_000)
    values = (samples**2 + np.random.default_rng(0).normal(0, sigma, samples.size)).astype(np.float32)[None]
    assert noise_sigma(values, np.ones_like(values, dtype=bool))[0, 0] == pytest.approx(sigma, rel=0.03)


def test_bed_boundaries_do_not_count_as_noise():
    steps = np.repeat(np.random.default_rng(0).random(100), 50).astype(np.float32)[None]
    assert noise_sigma(steps, np.ones_like(steps, dtype=bool))[0, 0] == 0


def test_unobserved_samples_are_left_out():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.1, (1, 4000)).astype(np.float32)
    mask = np.ones(values.shape, dtype=bool)
    values[:, 1000:3500], mask[:, 1000:3500] = 0, False
    assert noise_sigma(values, mask)[0, 0] == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("samples", [1, 3])
def test_too_few_samples_give_zero(samples):
    values = np.ones((2, samples), dtype=np.float32)
    assert noise_sigma(values, np.ones(values.shape, dtype=bool)).tolist() == [[0], [0]]


def test_axis_of_windows():
    values = np.random.default_rng(0).normal(0, 0.3, (2, 5000, 3)).astype(np.float32)
    sigma = noise_sigma(values, np.ones(values.shape, dtype=bool), axis=1)
    assert sigma.shape == (2, 1, 3)
    np.testing.assert_allclose(sigma, 0.3, rtol=0.08)


def test_noise_along_a_signal_follows_its_level():
    rng = np.random.default_rng(5)
    level = np.where(np.arange(4000) < 2000, 0.1, 0.4)
    values = (rng.normal(size=(2, 4000)) * level).astype(np.float32)
    mask = np.ones(values.shape, dtype=bool)
    mask[1] = False
    along = noise_sigma_along(values, mask, 256, 64)
    assert along.shape == values.shape
    assert along.dtype == np.float32
    np.testing.assert_allclose(along[0, :1800].mean(), 0.1, rtol=0.1)
    np.testing.assert_allclose(along[0, 2200:].mean(), 0.4, rtol=0.1)
    assert (np.diff(along[0, 1800:2200]) > -0.01).all()
    assert (along[1] == 0).all()


@pytest.mark.parametrize("samples", [1, 3, 5, 64, 100])
def test_noise_along_a_short_signal_is_that_of_the_whole(samples: int):
    values = np.random.default_rng(1).normal(size=(3, samples)).astype(np.float32)
    mask = np.ones(values.shape, dtype=bool)
    along = noise_sigma_along(values, mask, 256, 64)
    np.testing.assert_allclose(along, np.broadcast_to(noise_sigma(values, mask), along.shape))
