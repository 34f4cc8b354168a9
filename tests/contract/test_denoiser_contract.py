"""Every denoiser kind, by way of the registry: shapes, gaps, short sections, arrays there and back."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.interfaces import FitContext
from aemodels.noise import Gaussian
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section
from helpers.tiny_models import KINDS, NETWORKS, section, tiny, trained

SMALL = {
    "pca": {"window": WindowSpec(length=32, stride=16, width=1)},
    "pca_wiener": {"window": WindowSpec(length=16, stride=8)},
    "guarded": {"inner": {"kind": "pca_wiener", "window": {"length": 16, "stride": 8}}},
}


def _name(kind) -> str:
    return str(kind.model_fields["kind"].default)


# A network is trained for one number of channels; its own contract builds it for others.
CASES = [(kind, channels) for kind in KINDS for channels in ([4] if _name(kind) in NETWORKS else [1, 5])]


@pytest.fixture(params=CASES, ids=lambda case: f"{_name(case[0])}-{case[1]}", scope="module")
def case(request):
    return request.param


@pytest.fixture(scope="module")
def spec(case):
    name = _name(case[0])
    return tiny(name) if name in NETWORKS else case[0](**SMALL.get(name, {}))


@pytest.fixture(scope="module")
def fitted(case, spec):
    channels = case[1]
    if _name(case[0]) in NETWORKS:
        return channels, trained(_name(case[0]), channels)
    context = FitContext("logs", 1, tuning=((Gaussian(factor=0.1),), (Gaussian(factor=0.3),)))
    result = spec.fit([section(channels, seed=n) for n in range(3)], [section(channels, seed=9)], context)
    return channels, result


@pytest.mark.parametrize("samples", [1, 2, 17, 300])
def test_any_length_gives_the_same_shape_and_finite_values(fitted, samples):
    channels, result = fitted
    probe = section(channels, samples, seed=5)
    out = result.denoiser.denoise(probe)
    assert out.dtype == np.float32
    assert out.shape == (channels, samples)
    assert np.isfinite(out).all()


def test_gaps_constant_and_missing_channels_are_survived(fitted):
    channels, result = fitted
    probe = section(channels, seed=6)
    mask = np.ones(probe.values.shape, dtype=bool)
    mask[0, 40:160] = False
    mask[-1] = False
    values = np.where(mask, probe.values, 0.5)
    values[:, 200:] = 0.25
    out = result.denoiser.denoise(make_section(values, mask))
    assert np.isfinite(out).all()


def test_arrays_restore_the_same_denoiser(spec, fitted):
    channels, result = fitted
    arrays = result.denoiser.arrays()
    assert all(np.issubdtype(array.dtype, np.number) for array in arrays.values())
    probe = section(channels, seed=7)
    again = spec.restore(arrays).denoise(probe)
    np.testing.assert_allclose(again, result.denoiser.denoise(probe), atol=1e-6)


def test_input_is_not_altered(fitted):
    channels, result = fitted
    probe = section(channels, seed=8)
    before = probe.values.copy()
    result.denoiser.denoise(probe)
    np.testing.assert_array_equal(probe.values, before)


def test_parameters_are_counted(fitted):
    assert fitted[1].parameters > 0
