from __future__ import annotations

import numpy as np
import pytest

from aemodels.denoisers.guarded.spike_gate import SpikeGate, find_spikes, spike_share
from aemodels.noise import Gaussian, SpikeNoise, corrupt_section
from aemodels.signal.gaps import distance_to_observed, fill_lost
from helpers.recordings import make_section


def _smooth(channels: int = 3, samples: int = 4000):
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(0, 1, (channels, samples)), axis=1)
    kernel = np.hanning(41) / np.hanning(41).sum()
    rows = np.stack([np.convolve(row, kernel, mode="same") for row in walk])
    return make_section(rows / np.ptp(rows, axis=1, keepdims=True))


def _spiky(section, seed: int = 1):
    return corrupt_section([SpikeNoise(factor=(0.2, 0.8), share=0.03)], section, np.random.default_rng(seed))


def test_planted_spikes_are_found_and_little_else():
    clean = _smooth()
    noisy = _spiky(clean)
    true = noisy.values != clean.values
    found = find_spikes(noisy.values, noisy.mask, SpikeGate())
    assert (found & true).sum() > 0.97 * true.sum()
    assert (found & ~true).sum() < 0.02 * true.sum()


def test_two_spikes_side_by_side_are_found_where_no_other_curve_moves():
    section = _spiky(_smooth())
    values = section.values.copy()
    values[:, 2000:2010] = 0.5
    values[0, 2004:2006] = 0.9
    assert find_spikes(values, section.mask, SpikeGate())[0, 2004:2006].all()
    values[1, 2004:2006] = 0.2  # the rock changes: a thin bed
    assert not find_spikes(values, section.mask, SpikeGate())[:2, 2004:2006].any()


def test_a_clean_curve_with_one_sharp_sample_is_left_alone():
    section = _smooth()
    values = section.values.copy()
    values[0, 1234] += 0.5
    assert not find_spikes(values, section.mask, SpikeGate()).any()
    assert find_spikes(values, section.mask, SpikeGate(min_share=0.0))[0, 1234]


@pytest.mark.parametrize("sigma", [0.03, 0.1, 0.3])
def test_the_threshold_follows_the_noise(sigma):
    noisy = corrupt_section([Gaussian(factor=sigma)], _smooth(), np.random.default_rng(1))
    assert not find_spikes(noisy.values, noisy.mask, SpikeGate()).any()


def test_peaks_with_shoulders_are_rock():
    peaks = np.tile(np.maximum(np.sin(np.linspace(0, 300 * np.pi, 4000)), 0) ** 8, (2, 1)).astype(np.float32)
    noisy = _spiky(make_section(peaks))
    heeding, blind = (
        (
            find_spikes(noisy.values, noisy.mask, SpikeGate(step_multiple=0.0, shoulder=share))
            & (noisy.values == peaks)
        ).sum()
        for share in (0.5, 0.0)
    )
    assert blind > 100
    assert heeding < 0.2 * blind


def test_unobserved_samples_are_never_spikes():
    section = _spiky(_smooth())
    mask = np.random.default_rng(2).random(section.mask.shape) < 0.8
    assert not (find_spikes(section.values, mask, SpikeGate()) & ~mask).any()


def test_share_of_spikes():
    clean = _smooth()
    np.testing.assert_array_equal(spike_share(clean.values, clean.mask), 0)
    np.testing.assert_allclose(spike_share(_spiky(clean).values, clean.mask), 0.03, atol=0.01)


@pytest.mark.parametrize("samples", [1, 3, 5])
def test_short_sections_have_none(samples):
    values = np.zeros((2, samples), dtype=np.float32)
    assert not find_spikes(values, np.ones(values.shape, dtype=bool), SpikeGate()).any()


def test_filling_leaves_the_observed_and_continues_the_edge():
    values = np.array([[7.0, 1.0, 7.0, 3.0, 7.0]], dtype=np.float32)
    mask = np.array([[False, True, False, True, False]])
    np.testing.assert_array_equal(fill_lost(values, mask, "linear"), [[1, 1, 2, 3, 3]])
    np.testing.assert_array_equal(fill_lost(values, mask, "pchip"), [[1, 1, 2, 3, 3]])
    empty = np.zeros_like(mask)
    np.testing.assert_array_equal(fill_lost(values, empty, "pchip"), values)


def test_distance_to_the_nearest_observed_sample():
    mask = np.array([[False, False, True, False, True], [False] * 5])
    assert distance_to_observed(mask).tolist() == [[2, 1, 0, 1, 0], [5] * 5]
