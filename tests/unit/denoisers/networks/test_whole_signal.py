"""Whole signals in one pass: blocks give the same as one piece, and nothing beyond the reach matters."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.types import Section
from aemodels.denoisers import whole_signal
from aemodels.denoisers.networks import inference
from aemodels.denoisers.networks.denoiser import NetworkDenoiser
from aemodels.denoisers.networks.masked import Masked
from aemodels.denoisers.networks.unet import UNet
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section

WELL = WindowSpec(length=64, stride=16, blend="hann")
PANEL = WindowSpec(length=32, stride=16, width=16, width_stride=8, blend="hann")
SPECS = {
    "well": (UNet(widths=(4, 6, 8), kernel=3, window=WELL), (3, 900)),
    "mirrored well": (UNet(widths=(4, 6, 8), kernel=3, window=WELL, mirror=True), (3, 901)),
    "masked": (Masked(widths=(4, 6, 8), kernel=5, window=WELL), (3, 900)),
    "panel": (UNet(rank=2, widths=(4, 6, 8), kernel=3, window=PANEL), (150, 170)),
    "mirrored panel": (UNet(rank=2, widths=(4, 6, 8), kernel=3, window=PANEL, mirror=True), (151, 173)),
}


def with_random_weights(spec: UNet | Masked, channels: int) -> NetworkDenoiser:
    rng = np.random.default_rng(1)
    features = spec.features(channels)
    weights = [rng.normal(0, 0.3, weight.shape).astype(np.float32) for weight in spec.build(features).get_weights()]
    return NetworkDenoiser(spec, tuple(weights), np.array([0.4, 1.0], np.float32), features)


@pytest.fixture(params=SPECS)
def case(request: pytest.FixtureRequest) -> tuple[NetworkDenoiser, Section]:
    spec, shape = SPECS[request.param]
    rng = np.random.default_rng(2)
    section = make_section(rng.normal(0.5, 0.2, shape), mask=rng.random(shape) > 0.05)
    return with_random_weights(spec, shape[0]), section


def test_blocks_give_the_same_as_one_piece(case, monkeypatch: pytest.MonkeyPatch):
    denoiser, section = case
    whole = denoiser.denoise(section)
    assert whole.shape == section.values.shape
    assert whole.dtype == np.float32
    block = 200 if denoiser.channels == 3 else 100 * section.values.shape[1]
    monkeypatch.setattr(whole_signal, "_WHOLE_SAMPLES", 0)
    monkeypatch.setattr(whole_signal, "_BLOCK_SAMPLES", block)
    monkeypatch.setattr(whole_signal, "_LONGEST_TRACE", 110)
    sizes = set()
    call = inference.compiled

    def counted(network):
        run = call(network)
        return lambda inputs: sizes.add(inputs.shape) or run(inputs)

    monkeypatch.setattr(inference, "compiled", counted)
    again = dataclasses.replace(denoiser, _cache={})
    np.testing.assert_allclose(again.denoise(section), whole, atol=2e-5)
    assert all(np.prod(size[1:-1]) < section.values.size for size in sizes)


def test_the_output_depends_on_nothing_beyond_the_reach(case):
    denoiser, section = case
    reach = denoiser.spec.reach
    assert reach is not None
    before = denoiser.denoise(section)
    sample = 400 if denoiser.channels == 3 else 80
    values = section.values.copy()
    values[:, sample] += 3.0
    # the noise estimate of a channel is a median over windows: one sample does not move it far
    change = np.abs(denoiser.denoise(section.with_values(values)) - before).max(axis=0)
    far = np.abs(np.arange(change.size) - sample) > reach.positions + denoiser.spec.window.length + 16
    assert far.any()
    assert change[sample] > 0.01
    assert change[far].max() < 1e-5


def test_a_signal_shorter_than_a_window_is_denoised():
    denoiser = with_random_weights(SPECS["well"][0], 3)
    for samples in (1, 3, 17):
        found = denoiser.denoise(make_section(np.full((3, samples), 0.5)))
        assert found.shape == (3, samples)
        assert np.isfinite(found).all()


def test_windows_of_one_channel_are_blended_as_before():
    spec = UNet(widths=(4, 6), kernel=3, window=WindowSpec(length=32, stride=8, width=1))
    assert spec.reach is None
    denoiser = with_random_weights(spec, 2)
    assert denoiser.denoise(make_section(np.random.default_rng(0).normal(size=(2, 90)))).shape == (2, 90)


def test_the_interior_is_that_of_windows():
    """Far from the edges of its window, a sample of a blended window is that of the whole signal."""
    spec = UNet(widths=(4, 6), kernel=3, window=WindowSpec(length=512, stride=512))
    denoiser = with_random_weights(spec, 3)
    section = make_section(np.random.default_rng(0).normal(0.5, 0.1, (3, 512)))
    reach = spec.reach
    assert reach is not None
    inside = slice(reach.positions, -reach.positions)
    windows = denoiser._denoise_windows(section)
    np.testing.assert_allclose(denoiser.denoise(section)[:, inside], windows[:, inside], atol=1e-5)
