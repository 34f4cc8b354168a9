from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest

from aemodels.core.interfaces import FitContext
from aemodels.core.types import LineNoise
from aemodels.denoisers.filters_1d.gaussian import GaussianFilter
from aemodels.denoisers.guarded.calibration import best_shares, channel_groups, conformal_quantile, guard
from aemodels.denoisers.guarded.guards import GuardedParts, Guards, channel_sigma, limit_change
from aemodels.denoisers.guarded.spike_gate import SpikeGate
from aemodels.denoisers.linear.pca import PcaWiener
from aemodels.denoisers.registry import Guarded
from aemodels.noise import Dropout, Gaussian, SpikeNoise, corrupt_section
from aemodels.signal.noise_estimate import noise_sigma
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section

TUNING = ((), (Gaussian(factor=0.1),), (Gaussian(factor=0.3),))


@dataclass
class Oracle:
    """Knows the truth of the sections it is asked about, by name."""

    truth: dict[str, np.ndarray]

    def denoise(self, section):
        return self.truth[section.name]

    def arrays(self):
        return {}


class Shift(Oracle):
    """Moves everything by half the range: as much harm as can be."""

    def denoise(self, section):
        return section.values + np.float32(0.5)


def _guard(inner, validation, tuning=TUNING, gate=None):
    context = FitContext("logs", 0, tuning=tuning)
    guards = Guards(spike_gate=gate, limit=1.0, groups=channel_groups(validation, context))
    return guard(GuardedParts(inner), guards, validation, context)


def _well(seed: int, samples: int = 6000, floor: float = 0.004):
    rng = np.random.default_rng(seed)
    beds = np.repeat(rng.random((3, samples // 20)), 20, axis=1)
    kernel = np.hanning(9) / np.hanning(9).sum()
    rows = np.stack([np.convolve(np.pad(row, 4, mode="edge"), kernel, mode="valid") for row in beds])
    return make_section(rows + rng.normal(0, floor, rows.shape), name=f"well {seed}")


def _rms(values) -> np.ndarray:
    return np.sqrt(np.mean(values.astype(np.float64) ** 2, axis=1))


def _gain(clean, noisy, estimate, where) -> float:
    before, after = (np.mean((values - clean.values)[where] ** 2) for values in (noisy.values, estimate))
    return float(10 * np.log10(before / after))


@pytest.fixture(scope="module")
def pca():
    spec = PcaWiener(window=WindowSpec(length=32, stride=4))
    context = FitContext("logs", 0, tuning=TUNING)
    train, validation = [_well(n) for n in range(3)], [_well(n) for n in (10, 11)]
    guarded = Guarded(inner=spec).fit(train, validation, context).denoiser
    return guarded.parts.inner, guarded


def test_change_on_clean_input_stays_below_the_noise_floor():
    well = _well(5)
    harmless = _guard(Shift({}), [_well(10)], gate=SpikeGate())
    ratio = _rms(harmless.denoise(well) - well.values) / noise_sigma(well.values, well.mask)[:, 0]
    np.testing.assert_allclose(ratio, 1.0, rtol=1e-3)


def test_equal_readings_in_a_row_stay_as_they_are():
    well = _well(5)
    values = well.values.copy()
    values[0, 1000:1200] = 0.7
    values[1, 3000:3002] = 0.2  # two may be equal by chance
    values[2, 50:5000:300] = 2.0  # the end of the scale, again and again
    flat = dataclasses.replace(well, values=values)
    change = _guard(Shift({}), [_well(10)]).denoise(flat) - values
    assert not change[0, 1000:1200].any()
    assert change[0, :1000].all()
    assert change[1, 3000:3002].all()
    assert not change[2, 50:5000:300].any()
    assert change[2, 51:5000:300].all()


def test_limit_is_each_curves_own_and_for_traces_the_lines_at_least():
    rng = np.random.default_rng(0)
    section = make_section(rng.normal(0, 1, (2, 20_000)) * [[0.1], [0.3]])
    change = np.full((2, 20_000), 1.0, dtype=np.float32)
    curves = limit_change(change, section, channel_sigma(section), Guards(spike_gate=None, limit=1.0, groups=2))
    np.testing.assert_allclose(_rms(curves), [0.1, 0.3], rtol=0.03)
    line = np.sqrt((0.1**2 + 0.3**2) / 2)
    traces = limit_change(change, section, channel_sigma(section), Guards(spike_gate=None, limit=1.0, groups=1))
    np.testing.assert_allclose(_rms(traces), [line, 0.3], rtol=0.03)
    small = np.full((2, 20_000), 0.05, dtype=np.float32)
    np.testing.assert_array_equal(
        limit_change(small, section, channel_sigma(section), Guards(spike_gate=None, limit=1.0, groups=2)), small
    )


def test_traces_are_limited_alike_whether_read_together_or_apart():
    noise = LineNoise(median=0.2, power=0.04)
    values = np.random.default_rng(0).normal(0, 0.2, (8, 300)).astype(np.float32)
    whole = dataclasses.replace(make_section(values), noise=noise)
    part = dataclasses.replace(make_section(values[2:5]), noise=noise)
    change, guards = np.full((8, 300), 1.0, dtype=np.float32), Guards(spike_gate=None, limit=1.0, groups=1)
    np.testing.assert_array_equal(
        limit_change(change, whole, channel_sigma(whole), guards)[2:5],
        limit_change(change[2:5], part, channel_sigma(part), guards),
    )


@pytest.mark.parametrize("sigma", [0.1, 0.3])
def test_guards_cost_next_to_nothing_on_white_noise(pca, sigma):
    inner, guarded = pca
    clean = _well(6)
    noisy = corrupt_section([Gaussian(factor=sigma)], clean, np.random.default_rng(0))
    bare_gain, guarded_gain = (_gain(clean, noisy, d.denoise(noisy), clean.mask) for d in (inner, guarded))
    assert guarded_gain > bare_gain - 0.05


def test_spikes_are_gated_before_the_inner_sees_them(pca):
    inner, guarded = pca
    clean = _well(7)
    noisy = corrupt_section([SpikeNoise(factor=(0.2, 0.8), share=0.03)], clean, np.random.default_rng(0))
    assert _gain(clean, noisy, guarded.denoise(noisy), clean.mask) > 12
    assert _gain(clean, noisy, inner.denoise(noisy), clean.mask) < 6


def test_gap_filling_takes_the_inner_where_it_knows_better_and_interpolation_where_not():
    clean, other = _well(8), _well(9)
    knows = _guard(Oracle({s.name: s.values for s in (clean, other)}), [other], tuning=((),))
    blind = _guard(Shift({}), [other], tuning=((),))
    noisy = corrupt_section([Dropout(share=0.05, length=20)], clean, np.random.default_rng(1))
    lost = ~noisy.mask
    np.testing.assert_allclose(knows.denoise(noisy)[lost], clean.values[lost], atol=1e-5)
    assert _gain(clean, noisy, blind.denoise(noisy), lost) > -0.5


def test_half_widths_cover_what_they_promise_and_grow_with_noise_and_distance(pca):
    _, guarded = pca
    clean = _well(20)
    for sigma in (0.1, 0.2, 0.3):
        noises = [Gaussian(factor=sigma), Dropout(share=0.05, length=20)]
        noisy = corrupt_section(noises, clean, np.random.default_rng(2))
        inside = np.abs(guarded.denoise(noisy) - clean.values) <= guarded.half_widths(noisy)
        np.testing.assert_allclose(inside.mean(axis=(1, 2)), [0.68, 0.95], atol=0.08)
    quiet = guarded.half_widths(clean).mean()
    assert quiet < guarded.half_widths(noisy)[:, noisy.mask].mean()
    gaps = corrupt_section([Dropout(share=0.05, length=20)], clean, np.random.default_rng(2))
    widths = guarded.half_widths(gaps)
    assert widths[:, ~gaps.mask].mean() > 3 * widths[:, gaps.mask].mean()


def test_guarded_traces_are_judged_together():
    panel = make_section(np.repeat(np.sin(np.linspace(0, 60, 300))[None], 12, axis=0), name="p")
    context = FitContext("seismic", 0, tuning=((Gaussian(snr_db=0.0),),))
    guarded = Guarded(inner=GaussianFilter(), spike_gate=None, filler=None).fit([panel], [panel], context).denoiser
    assert guarded.calibration.groups == 1
    assert guarded.denoise(make_section(panel.values[:1])).shape == (1, 300)


def test_a_missing_curve_is_left_to_the_inner(pca):
    inner, guarded = pca
    well = _well(12)
    mask = well.mask.copy()
    mask[1] = False
    section = make_section(np.where(mask, well.values, 0.5), mask)
    np.testing.assert_allclose(guarded.denoise(section)[1], inner.denoise(section)[1], atol=1e-5)


def test_shares_follow_the_errors():
    np.testing.assert_allclose(best_shares(np.diag([3.0, 7.0, 1e6])), [0.7, 0.3, 0.0])
    np.testing.assert_allclose(best_shares(np.diag([5.0, 1e9, 0.0])), [0.0, 0.0, 1.0])


def test_conformal_quantile_of_few_residuals_is_the_largest():
    assert conformal_quantile(np.array([1.0, 2.0, 3.0]), 0.95) == 3.0
    assert conformal_quantile(np.empty(0), 0.95) == 0.0


def test_the_inner_networks_training_shows_through_and_a_filter_has_none():
    assert Guarded.model_validate({"inner": {"kind": "dense", "training": {"epochs": 7}}}).training.epochs == 7
    assert Guarded(inner=GaussianFilter()).training is None
    with pytest.raises(ValueError, match="guarded"):
        Guarded.model_validate({"inner": {"kind": "guarded", "inner": {"kind": "median"}}})
