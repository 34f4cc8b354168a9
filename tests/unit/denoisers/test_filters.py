"""Classical filters one by one, on signals whose right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.interfaces import FitContext
from aemodels.denoisers.filters_1d.bandpass import BandPass
from aemodels.denoisers.filters_1d.hampel import Hampel
from aemodels.denoisers.filters_1d.interpolate import Interpolate
from aemodels.denoisers.filters_1d.wiener import Wiener
from aemodels.denoisers.filters_2d.fx_deconvolution import FxDeconvolution
from aemodels.denoisers.filters_2d.gaussian import PanelGaussian
from aemodels.denoisers.filters_2d.median import PanelMedian
from aemodels.denoisers.filters_2d.wavelet import PanelWavelet
from aemodels.denoisers.filters_2d.wiener import PanelWiener
from aemodels.denoisers.linear.co_kriging import CoKriging, conditional_mean
from aemodels.denoisers.linear.ridge import RidgeFir
from aemodels.noise import Gaussian, corrupt_section
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section

PANEL_FILTERS = [FxDeconvolution(), PanelGaussian(), PanelMedian(), PanelWiener(), PanelWavelet()]


def _plane_wave(dip: float, traces: int = 40, samples: int = 256) -> np.ndarray:
    """A broad-band reflectivity shifted by `dip` samples from trace to trace (exactly, in the frequency domain)."""
    rng = np.random.default_rng(3)
    time = np.arange(-15, 16)
    argument = (np.pi * 0.12 * time) ** 2
    trace = np.convolve(rng.normal(size=samples), (1 - 2 * argument) * np.exp(-argument), mode="same")
    spectrum = np.fft.rfft(trace / trace.std()) * np.exp(
        -2j * np.pi * np.fft.rfftfreq(samples) * dip * np.arange(traces)[:, None]
    )
    return np.fft.irfft(spectrum, n=samples, axis=1).astype(np.float32)


def _gain(clean, before, after) -> float:
    return float(10 * np.log10(np.mean((before - clean) ** 2) / np.mean((after - clean) ** 2)))


def test_hampel_replaces_outliers_and_nothing_else():
    ramp = np.linspace(0, 1, 200, dtype=np.float32)[None]
    spiky = ramp.copy()
    spiky[0, [40, 90, 91]] += np.array([0.5, -0.4, -0.3], dtype=np.float32)
    out = Hampel().smooth(spiky, {"window": 9, "multiple": 3.0})
    np.testing.assert_allclose(out, ramp, atol=0.03)
    kept = np.setdiff1d(np.arange(200), [40, 90, 91])
    np.testing.assert_array_equal(out[0, kept], spiky[0, kept])


def test_hampel_without_a_multiple_is_the_median_and_with_a_huge_one_the_identity():
    values = np.random.default_rng(0).normal(size=(2, 300)).astype(np.float32)
    np.testing.assert_array_equal(Hampel().smooth(values, {"window": 7, "multiple": 1e6}), values)
    median = np.median(np.lib.stride_tricks.sliding_window_view(values, 7, axis=1), axis=-1)
    np.testing.assert_array_equal(Hampel().smooth(values, {"window": 7, "multiple": 0.0})[:, 3:-3], median)


def test_wiener_smooths_flat_noise_and_keeps_a_large_step():
    rng = np.random.default_rng(0)
    step = np.repeat([0.0, 10.0], 500)
    noisy = (step + rng.normal(0, 0.1, 1000)).astype(np.float32)[None]
    out = Wiener().smooth(noisy, {"window": 9, "multiple": 1.0})[0]
    assert _gain(step[:480], noisy[0, :480], out[:480]) > 6
    assert np.abs(out - step).max() < 0.5


def test_wiener_of_a_flat_line_is_the_line():
    flat = np.full((2, 60), 0.4, dtype=np.float32)
    np.testing.assert_allclose(Wiener().smooth(flat, {"window": 5, "multiple": 1.0}), flat, atol=1e-6)
    np.testing.assert_allclose(
        PanelWiener().smooth(flat, {"traces": 3, "samples": 5, "multiple": 1.0}), flat, atol=1e-6
    )


@pytest.mark.parametrize("method", ["linear", "pchip"])
def test_interpolation_rebuilds_a_line_and_leaves_what_was_observed(method):
    line = np.linspace(0.0, 1.0, 50)[None]
    mask = np.ones((1, 50), dtype=bool)
    mask[0, [5, 6, 7, 30, 49]] = False
    section = make_section(np.where(mask, line, 9.0), mask)
    out = Interpolate(method=method).fit([], [section], FitContext("logs", 0)).denoiser.denoise(section)
    np.testing.assert_allclose(out[0, :49], line[0, :49], atol=1e-6)
    assert out[0, 49] == pytest.approx(line[0, 48])


def test_pchip_does_not_overshoot_beside_a_step():
    values = np.repeat([0.0, 1.0], 20)[None]
    mask = np.ones((1, 40), dtype=bool)
    mask[0, 17:23] = False
    out = Interpolate(method="pchip").fit([], [], FitContext("logs", 0)).denoiser.denoise(make_section(values, mask))
    assert 0 <= out.min() <= out.max() <= 1


def test_conditional_mean_of_a_known_process():
    """For a Markov chain (an AR(1) process), the mean between two neighbours is written down in any textbook."""
    share = 0.9
    covariance = share ** np.abs(np.subtract.outer(np.arange(9), np.arange(9))) / (1 - share**2)
    values = np.random.default_rng(0).normal(size=9)
    one = np.array([4])
    known = np.delete(np.arange(9), one)
    mean = conditional_mean(covariance, (one, known), values[known], np.zeros(known.size))
    assert mean[0] == pytest.approx(share / (1 + share**2) * (values[3] + values[5]))
    two = np.array([4, 5])
    known = np.delete(np.arange(9), two)
    near, far = share * (1 - share**4) / (1 - share**6), share**2 * (1 - share**2) / (1 - share**6)
    mean = conditional_mean(covariance, (two, known), values[known], np.zeros(known.size))
    np.testing.assert_allclose(mean, [near * values[3] + far * values[6], far * values[3] + near * values[6]])


def test_co_kriging_reads_a_lost_stretch_off_another_curve():
    walk = np.cumsum(np.random.default_rng(0).normal(0, 0.05, 4000))
    both = np.stack([walk, 1 - 2 * walk])
    mask = np.ones(both.shape, dtype=bool)
    mask[0, 1000:1030] = False
    section = make_section(np.where(mask, both, 0.0), mask)
    kriged, linear = (
        spec.fit([make_section(both)], [], FitContext("logs", 0)).denoiser.denoise(section)
        for spec in (CoKriging(), Interpolate())
    )
    assert np.abs(kriged - both)[0, 1000:1030].mean() < 0.25 * np.abs(linear - both)[0, 1000:1030].mean()
    np.testing.assert_array_equal(kriged[mask], section.values[mask])


def test_co_kriging_leaves_what_is_too_long_or_too_short():
    section = make_section(np.zeros((2, 500)))
    denoiser = CoKriging(max_gap=20).fit([section], [], FitContext("logs", 0)).denoiser
    mask = np.ones((2, 500), dtype=bool)
    mask[0, 100:130] = False
    values = np.where(mask, 0.0, 7.0)
    assert (denoiser.denoise(make_section(values, mask))[0, 100:130] == 7).all()
    assert (denoiser.denoise(make_section(values[:, 120:130], mask[:, 120:130]))[0] == 7).all()


def test_ridge_fir_is_the_regression_on_many_noisy_windows():
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(0, 0.05, 60_000))
    smooth = np.stack([walk, 0.5 * np.roll(walk, 2)])
    clean = make_section(smooth - smooth.mean(axis=1, keepdims=True))
    spec = RidgeFir(window=WindowSpec(length=9, stride=1, width=0))
    denoiser = spec.fit([clean], [], FitContext("logs", 0)).denoiser
    noisy = clean.values + rng.normal(0, 0.2, clean.values.shape)
    windows = np.lib.stride_tricks.sliding_window_view(noisy, 9, axis=1)  # [channel, place, tap]
    fitted = LinearRegression().fit(windows.transpose(1, 2, 0).reshape(-1, 18), clean.values[:, 4:-4].T)
    expected = fitted.coef_.reshape(2, 9, 2).transpose(1, 2, 0)  # [tap, input, output]
    np.testing.assert_allclose(denoiser.weights(np.full(2, 0.04)), expected, atol=0.02)


def test_ridge_fir_gives_a_missing_curve_no_weight():
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(0, 0.05, (1, 5000)), axis=1)
    denoiser = RidgeFir().fit([make_section(np.repeat(walk, 2, axis=0))], [], FitContext("logs", 0)).denoiser
    mask = np.ones((2, 400), dtype=bool)
    mask[1] = False
    one, other = walk[:, :400] * [[1], [0]] + [[0], [5.0]], walk[:, :400] * [[1], [0]] - [[0], [5.0]]
    first, second = (denoiser.denoise(make_section(values, mask))[0] for values in (one, other))
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_band_pass_keeps_its_band_and_stops_the_rest():
    time = np.arange(2000)
    inside, outside = np.sin(2 * np.pi * 0.1 * time), np.sin(2 * np.pi * 0.35 * time)
    slow = np.sin(2 * np.pi * 0.005 * time)
    values = (inside + outside + slow).astype(np.float32)[None]
    out = BandPass().smooth(values, {"low": 0.04, "high": 0.2})[0]
    np.testing.assert_allclose(out[200:-200], inside[200:-200], atol=0.02)
    low = BandPass().smooth(values, {"low": 0.0, "high": 0.2})[0]
    np.testing.assert_allclose(low[200:-200], (inside + slow)[200:-200], atol=0.02)


@pytest.mark.parametrize("dip", [0.0, 0.7, -1.3])
def test_f_x_prediction_of_a_plane_wave_is_exact_and_takes_noise_off(dip):
    clean = _plane_wave(dip)
    setting = {"length": 2, "damping": 0.001, "window": 256}
    inner = np.s_[:, 20:-20]
    assert _gain(0 * clean[inner], clean[inner], (FxDeconvolution().smooth(clean, setting) - clean)[inner]) > 25
    noisy = clean + np.random.default_rng(1).normal(0, 1, clean.shape).astype(np.float32)
    assert _gain(clean, noisy, FxDeconvolution().smooth(noisy, {**setting, "length": 4})) > 4


@pytest.mark.parametrize("spec", PANEL_FILTERS, ids=lambda spec: spec.kind)
def test_panel_filters_gain_on_flat_events_and_survive_one_trace(spec):
    clean = make_section(_plane_wave(0.0))
    context = FitContext("seismic", 0, tuning=((Gaussian(snr_db=0.0),),))
    denoiser = spec.fit([], [clean], context).denoiser
    noisy = corrupt_section([Gaussian(snr_db=0.0)], clean, np.random.default_rng(2))
    assert _gain(clean.values, noisy.values, denoiser.denoise(noisy)) > 5
    one = make_section(noisy.values[:1])
    assert denoiser.denoise(one).shape == (1, 256)


def test_panel_median_takes_out_a_dead_trace():
    panel = np.repeat(np.sin(np.linspace(0, 20, 200))[None], 9, axis=0).astype(np.float32)
    broken = panel.copy()
    broken[4] = 0
    np.testing.assert_allclose(PanelMedian().smooth(broken, {"traces": 3, "samples": 1}), panel, atol=1e-6)
