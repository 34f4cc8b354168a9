from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from aemodels.noise import BandLimited, Dropout, Gaussian, SpikeNoise, corrupt_section
from helpers.recordings import make_section

SHAPE = (4, 2000, 3)


@pytest.fixture
def windows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(0.5, 0.2, SHAPE).astype(np.float32), np.ones(SHAPE, dtype=bool)


def test_gaussian_factor_is_the_standard_deviation(windows):
    values, mask = windows
    noisy, _ = Gaussian(factor=0.1).apply(values, mask, np.random.default_rng(1))
    assert (noisy - values).std() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 12.0])
@pytest.mark.parametrize("kind", [Gaussian, BandLimited])
def test_requested_snr_is_reached(windows, kind, snr_db):
    values, mask = windows
    noisy, _ = kind(snr_db=snr_db).apply(values, mask, np.random.default_rng(1))
    signal = np.var(values, axis=1).mean()
    assert 10 * np.log10(signal / np.var(noisy - values)) == pytest.approx(snr_db, abs=0.3)


def test_level_range_draws_each_window_within_bounds(windows):
    values, mask = windows
    noisy, _ = Gaussian(factor=(0.05, 0.4)).apply(values, mask, np.random.default_rng(1))
    sigma = (noisy - values).std(axis=(1, 2))
    assert len(set(sigma.round(4))) == len(values)
    assert (sigma > 0.045).all()
    assert (sigma < 0.44).all()


def test_uneven_gives_every_feature_its_own_level(windows):
    values, mask = windows
    noisy, _ = Gaussian(factor=(0.05, 0.4), per_channel_share=1.0).apply(values, mask, np.random.default_rng(1))
    sigma = (noisy - values).std(axis=1)
    assert (np.ptp(sigma, axis=1) > 0.01).all()


def test_spikes_hit_the_requested_share_with_the_requested_height(windows):
    values, mask = windows
    noisy, _ = SpikeNoise(factor=(0.2, 0.8), share=0.03).apply(values, mask, np.random.default_rng(1))
    change = np.abs(noisy - values)
    hit = change > 1e-4
    assert hit.mean() == pytest.approx(0.03, abs=0.005)
    assert change[hit].min() >= 0.2 - 1e-4
    assert change[hit].max() <= 0.8 + 1e-4


def test_dropout_only_takes_samples_out_of_the_mask(windows):
    values, mask = windows
    noisy, seen = Dropout(share=0.1, length=20).apply(values, mask, np.random.default_rng(1))
    assert (~seen).mean() == pytest.approx(0.1, abs=0.03)
    np.testing.assert_array_equal(noisy[seen], values[seen])


def test_dropout_of_channels_leaves_one(windows):
    values, mask = windows
    _, seen = Dropout(share=0.0, channels=0.9).apply(values, mask, np.random.default_rng(1))
    assert seen.any(axis=(1, 2)).all()
    assert (~seen.any(axis=1)).any()


def test_band_limited_noise_stays_in_its_band():
    values, mask = np.zeros((1, 4096, 2), dtype=np.float32), np.ones((1, 4096, 2), dtype=bool)
    noisy, _ = BandLimited(factor=1.0, band=(0.05, 0.2)).apply(values, mask, np.random.default_rng(1))
    power = np.abs(np.fft.rfft(noisy[0], axis=0)) ** 2
    frequency = np.fft.rfftfreq(4096)
    inside = (frequency >= 0.02) & (frequency <= 0.26)
    assert power[inside].sum() / power.sum() > 0.999


@pytest.mark.parametrize("level", [{}, {"factor": 0.1, "snr_db": 3.0}])
def test_exactly_one_level_is_asked_for(level):
    with pytest.raises(ValidationError, match="exactly one"):
        Gaussian(**level)


def test_band_out_of_order_is_refused():
    with pytest.raises(ValidationError, match="low < high"):
        BandLimited(factor=1.0, band=(0.3, 0.1))


def test_corrupt_section_keeps_shape_and_input():
    section = make_section(np.linspace(0, 1, 300).reshape(3, 100))
    before = section.values.copy()
    noisy = corrupt_section([Gaussian(factor=0.1), Dropout(share=0.2)], section, np.random.default_rng(0))
    assert noisy.values.shape == (3, 100)
    assert noisy.mask.mean() < 1
    np.testing.assert_array_equal(section.values, before)


def test_samples_lost_in_a_section_are_interpolated_between_their_neighbours():
    section = make_section(np.stack([np.linspace(0, 1, 400), np.linspace(5, 3, 400)]))
    gappy = corrupt_section([Dropout(share=0.2, length=10)], section, np.random.default_rng(0))
    inside = np.s_[:, 20:-20]
    assert (~gappy.mask[inside]).any()
    np.testing.assert_allclose(gappy.values[inside], section.values[inside], atol=1e-5)
