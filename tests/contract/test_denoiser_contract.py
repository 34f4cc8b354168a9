"""Every denoiser kind, by way of the registry: shapes, gaps, short sections, arrays there and back."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from aemodels.contract import FitContext
from aemodels.denoisers import DenoiserSpec
from aemodels.models.training import TrainingSpec
from aemodels.noise import Gaussian
from aemodels.signal.windows import WindowSpec
from conftest import make_section

KINDS = get_args(get_args(DenoiserSpec)[0])
QUICK = TrainingSpec(epochs=1, batch=32, stride=16, noise=(Gaussian(factor=0.1),))
SMALL = {
    "dense": {"window": WindowSpec(length=32, stride=16, width=1), "training": QUICK, "latent": 4},
    "sparse": {"window": WindowSpec(length=32, stride=16, width=1), "training": QUICK, "latent": 8},
    "deep": {"window": WindowSpec(length=32, stride=16), "training": QUICK, "widths": (8, 6), "latent": 4},
    "conv1d": {"window": WindowSpec(length=32, stride=16), "training": QUICK, "widths": (4, 6), "latent": 4},
    "conv2d": {"window": WindowSpec(length=16, stride=8, width=4), "training": QUICK, "widths": (4, 6), "latent": 4},
    "lstm": {"window": WindowSpec(length=16, stride=8), "training": QUICK, "latent": 4},
    "vae": {"window": WindowSpec(length=32, stride=16), "training": QUICK, "widths": (8,), "latent": 4},
    "vae_conv": {"window": WindowSpec(length=32, stride=16), "training": QUICK, "widths": (4, 6), "latent": 4},
    "masked": {"window": WindowSpec(length=32, stride=16), "training": QUICK, "widths": (4, 6), "kernel": 3},
    "unet": {"window": WindowSpec(length=32, stride=16), "training": QUICK, "widths": (4, 6), "kernel": 3},
    "pca": {"window": WindowSpec(length=32, stride=16, width=1)},
    "pca_wiener": {"window": WindowSpec(length=16, stride=8)},
    "gated": {"inner": {"kind": "pca_wiener", "window": {"length": 16, "stride": 8}}},
}


def _section(channels: int, samples: int = 300, seed: int = 0):
    rng = np.random.default_rng(seed)
    return make_section(np.cumsum(rng.normal(0, 0.05, (channels, samples)), axis=1))


@pytest.fixture(params=KINDS, ids=lambda kind: kind.model_fields["kind"].default, scope="module")
def spec(request):
    return request.param(**SMALL.get(request.param.model_fields["kind"].default, {}))


@pytest.fixture(params=[1, 5], ids=["1 channel", "5 channels"], scope="module")
def fitted(request, spec):
    channels = request.param
    context = FitContext("logs", 1, tuning=((Gaussian(factor=0.1),), (Gaussian(factor=0.3),)))
    result = spec.fit([_section(channels, seed=n) for n in range(3)], [_section(channels, seed=9)], context)
    return channels, result


@pytest.mark.parametrize("samples", [1, 2, 17, 300])
def test_any_length_gives_the_same_shape_and_finite_values(fitted, samples):
    channels, result = fitted
    section = _section(channels, samples, seed=5)
    out = result.denoiser.denoise(section)
    assert out.dtype == np.float32
    assert out.shape == (channels, samples)
    assert np.isfinite(out).all()


def test_gaps_constant_and_missing_channels_are_survived(fitted):
    channels, result = fitted
    section = _section(channels, seed=6)
    mask = np.ones(section.values.shape, dtype=bool)
    mask[0, 40:160] = False
    mask[-1] = False
    values = np.where(mask, section.values, 0.5)
    values[:, 200:] = 0.25
    out = result.denoiser.denoise(make_section(values, mask))
    assert np.isfinite(out).all()


def test_arrays_restore_the_same_denoiser(spec, fitted):
    channels, result = fitted
    arrays = result.denoiser.arrays()
    assert all(np.issubdtype(array.dtype, np.number) for array in arrays.values())
    section = _section(channels, seed=7)
    again = spec.restore(arrays).denoise(section)
    np.testing.assert_allclose(again, result.denoiser.denoise(section), atol=1e-6)


def test_input_is_not_altered(fitted):
    channels, result = fitted
    section = _section(channels, seed=8)
    before = section.values.copy()
    result.denoiser.denoise(section)
    np.testing.assert_array_equal(section.values, before)


def test_parameters_are_counted(fitted):
    assert fitted[1].parameters > 0
