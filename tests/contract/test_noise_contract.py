"""Every noise kind, by way of the registry: seeded, pure, finite."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from aemodels.noise import NoiseSpec

KINDS = get_args(get_args(NoiseSpec)[0])
ARGUMENTS = {"gaussian": {"factor": 0.2}, "band_limited": {"factor": 0.2}}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def noise(request):
    return request.param(**ARGUMENTS.get(request.param.model_fields["kind"].default, {}))


def _windows():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(5, 64, 2)).astype(np.float32)
    return values, rng.random(values.shape) < 0.9


def test_same_seed_same_noise_and_input_untouched(noise):
    values, mask = _windows()
    values.setflags(write=False)
    mask.setflags(write=False)
    first, second = (noise.apply(values, mask, np.random.default_rng(7)) for _ in range(2))
    other = noise.apply(values, mask, np.random.default_rng(8))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert not np.array_equal(first[0], other[0])


def test_output_keeps_layout_and_never_observes_more(noise):
    values, mask = _windows()
    noisy, seen = noise.apply(values, mask, np.random.default_rng(7))
    assert noisy.dtype == np.float32
    assert noisy.shape == values.shape
    assert np.isfinite(noisy).all()
    assert not (seen & ~mask).any()


def test_spec_survives_json_and_refuses_unknown_fields(noise):
    copy = type(noise).model_validate_json(noise.model_dump_json())
    assert copy == noise
    with pytest.raises(ValueError, match="extra"):
        type(noise).model_validate({**noise.model_dump(), "strength": 1})
    assert all(field.description for name, field in type(noise).model_fields.items() if name != "kind")
