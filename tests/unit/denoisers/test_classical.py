from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.interfaces import FitContext
from aemodels.denoisers.filters_1d.gaussian import GaussianFilter
from aemodels.denoisers.filters_1d.median import Median
from aemodels.denoisers.filters_1d.savgol import SavitzkyGolay
from aemodels.denoisers.filters_1d.wavelet import Wavelet
from aemodels.denoisers.linear.pca import Pca, PcaWiener
from aemodels.noise import Gaussian, SpikeNoise, corrupt_section
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section

TUNING = ((Gaussian(factor=0.02),), (Gaussian(factor=0.3),))


def _blocky(seed: int, samples: int = 3000):
    rng = np.random.default_rng(seed)
    return make_section(np.repeat(rng.random((2, samples // 30)), 30, axis=1), name=f"b{seed}")


def _gain(denoiser, sigma: float) -> float:
    clean = _blocky(5)
    noisy = corrupt_section([Gaussian(factor=sigma)], clean, np.random.default_rng(1))
    before = np.mean((noisy.values - clean.values) ** 2)
    return 10 * np.log10(before / np.mean((denoiser.denoise(noisy) - clean.values) ** 2))


@pytest.mark.parametrize("spec", [GaussianFilter(), Median(), SavitzkyGolay(), Wavelet()], ids=lambda s: s.kind)
def test_tuned_filters_gain_at_both_noise_levels(spec):
    denoiser = spec.fit([], [_blocky(1), _blocky(2)], FitContext("logs", 0, tuning=TUNING)).denoiser
    assert _gain(denoiser, 0.3) > 4
    assert _gain(denoiser, 0.02) > -0.5


def test_stronger_noise_chooses_stronger_smoothing():
    denoiser = GaussianFilter().fit([], [_blocky(1)], FitContext("logs", 0, tuning=TUNING)).denoiser
    weak, strong = denoiser.choices
    assert (strong > weak).all()
    np.testing.assert_allclose(np.exp(denoiser.levels[..., 0]), [[0.02] * 2, [0.3] * 2], rtol=0.15)


def test_curves_are_tuned_one_by_one_and_traces_together():
    smooth = np.sin(np.linspace(0, 12, 3000))
    rough = np.sin(np.linspace(0, 1200, 3000))
    section = make_section(np.stack([smooth, rough]))
    logs = GaussianFilter().fit([], [section], FitContext("logs", 0, tuning=TUNING[1:])).denoiser
    traces = GaussianFilter().fit([], [section], FitContext("seismic", 0, tuning=TUNING[1:])).denoiser
    assert logs.choices[0, 0] > logs.choices[0, 1]
    assert traces.choices.shape == (1, 1)


def test_clean_data_and_spikes_are_told_apart_by_the_share_of_spikes():
    clean = _blocky(1)
    spikes = (SpikeNoise(factor=(0.2, 0.8), share=0.03),)
    denoiser = Median().fit([], [_blocky(2)], FitContext("logs", 0, tuning=((), spikes))).denoiser
    spiky = corrupt_section(spikes, clean, np.random.default_rng(3))
    np.testing.assert_array_equal(denoiser.denoise(clean), clean.values)
    before, after = (np.mean((values - clean.values) ** 2) for values in (spiky.values, denoiser.denoise(spiky)))
    assert after < 0.1 * before


def test_savgol_keeps_a_parabola_exactly():
    parabola = (np.linspace(-1, 1, 200) ** 2).astype(np.float32)[None]
    out = SavitzkyGolay().smooth(parabola, {"window": 21, "order": 2})
    np.testing.assert_allclose(out, parabola, atol=1e-5)


def test_median_takes_out_a_lone_spike():
    flat = np.zeros((1, 50), dtype=np.float32)
    flat[0, 20] = 9
    assert not Median().smooth(flat, {"window": 3}).any()


def test_wavelet_threshold_leaves_a_noise_free_ramp():
    ramp = np.linspace(0, 1, 512, dtype=np.float32)[None]
    np.testing.assert_allclose(Wavelet().smooth(ramp, {"wavelet": 0, "multiple": 1.0}), ramp, atol=1e-3)


def test_pca_rebuilds_signals_of_its_rank_exactly():
    rng = np.random.default_rng(0)
    basis = np.sin(np.linspace(0, 6, 50)[None] * np.arange(1, 4)[:, None])

    def section(seed: int):
        weights = np.random.default_rng(seed).normal(size=(40, 3))
        return make_section((weights @ basis).reshape(1, -1))

    spec = Pca(latent=3, window=WindowSpec(length=50, stride=50, width=1), stride=50)
    denoiser = spec.fit([section(n) for n in range(4)], [], FitContext("logs", 0)).denoiser
    fresh = section(int(rng.integers(100, 200)))
    np.testing.assert_allclose(denoiser.denoise(fresh), fresh.values, atol=1e-4)
    assert denoiser.variance[:3].sum() == pytest.approx(1.0, abs=1e-6)


def test_wiener_shrinkage_does_no_harm_to_clean_data_and_gains_on_noise():
    train = [_blocky(n) for n in range(4)]
    denoiser = (
        PcaWiener(window=WindowSpec(length=32, stride=4), stride=4).fit(train, [], FitContext("logs", 0)).denoiser
    )
    clean = _blocky(7)
    assert np.abs(denoiser.denoise(clean) - clean.values).max() < 1e-3
    assert _gain(denoiser, 0.3) > 5
