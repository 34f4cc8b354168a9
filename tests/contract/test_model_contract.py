"""Every kind of network: sizes, seeds, masks, codes, weights there and back, and that one epoch teaches all of it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.denoisers.training.batches import observed_windows, training_pair
from aemodels.denoisers.training.losses import masked_loss
from aemodels.latent.embed import decode, embed, encoder_of
from aemodels.signal.windows import cut
from helpers.recordings import make_section
from helpers.tiny_models import NETWORKS, SEED, SMALL, section, tiny, trained

CHANNELS = 4
WITH_CODE = sorted(set(NETWORKS) - {"unet", "masked"})


@pytest.fixture(params=NETWORKS, scope="module")
def kind(request):
    return request.param


def _windows(spec, features: int, count: int = 3) -> tuple[np.ndarray, np.ndarray]:
    values = np.random.default_rng(1).normal(0.5, 0.3, (count, spec.window.length, features)).astype(np.float32)
    return values, np.ones(values.shape, dtype=bool)


def test_small_specs_are_named_for_every_kind():
    assert SMALL.keys() == NETWORKS.keys()


@pytest.mark.parametrize("features", [1, 8])
@pytest.mark.parametrize("length", [31, 32])
def test_windows_of_any_length_and_number_of_curves_come_back_in_their_shape(kind, features, length):
    spec = tiny(kind, window=SMALL[kind]["window"].model_copy(update={"length": length}))
    affine = np.array([0.4, 0.8], dtype=np.float32)
    values, mask = _windows(spec, features)
    inputs = spec.inputs(values, mask, affine)
    network = spec.build(features)
    out = spec.outputs(np.asarray(network(inputs)), affine)
    assert inputs.dtype == out.dtype == np.float32
    assert inputs.shape[1:] == network.input_shape[1:]
    assert out.shape == values.shape
    assert np.isfinite(out).all()
    inside = np.clip(values, 0.45, 1.15)  # what a bounded output can say
    np.testing.assert_allclose(spec.outputs(spec.targets(inside, affine), affine), inside, atol=1e-5)


def test_equal_seeds_build_equal_weights_and_others_do_not(kind):
    built = []
    for seed in (3, 3, 4):
        keras.utils.set_random_seed(seed)
        built.append(tiny(kind).build(CHANNELS).get_weights())
    for first, again in zip(built[0], built[1], strict=True):
        np.testing.assert_array_equal(first, again)
    assert any((first != other).any() for first, other in zip(built[0], built[2], strict=True))


def test_one_epoch_moves_every_weight_and_lowers_the_loss(kind):
    spec, result = tiny(kind), trained(kind, CHANNELS)
    keras.utils.set_random_seed(SEED)
    untrained = spec.build(CHANNELS)
    for before, after in zip(untrained.get_weights(), result.denoiser.weights, strict=True):
        assert (before != after).any(), f"a weight of shape {before.shape} stayed as it was"
    windows = observed_windows(spec, [section(CHANNELS, seed=n) for n in range(3)], stride=16)
    inputs, target = training_pair(spec, windows, result.denoiser.affine, np.random.default_rng(0))
    loss = masked_loss(spec.loss_name)
    before, after = (float(loss(target, network(inputs))) for network in (untrained, result.denoiser.network))
    assert after < 0.99 * before


def test_weights_on_disk_make_the_same_network(kind, tmp_path):
    denoiser = trained(kind, CHANNELS).denoiser
    np.savez(tmp_path / "arrays.npz", **denoiser.arrays())
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as arrays:
        again = tiny(kind).restore(dict(arrays))
    probe = section(CHANNELS, seed=7)
    np.testing.assert_allclose(again.denoise(probe), denoiser.denoise(probe), atol=1e-6)


def test_what_lies_under_the_mask_has_no_influence(kind):
    denoiser = trained(kind, CHANNELS).denoiser
    probe = section(CHANNELS, seed=8)
    mask = np.ones(probe.values.shape, dtype=bool)
    mask[0, 40:160] = False
    mask[-1] = False
    hidden = np.where(mask, probe.values, 1e3 * np.random.default_rng(0).normal(size=mask.shape))
    clean = denoiser.denoise(make_section(probe.values, mask))
    np.testing.assert_allclose(denoiser.denoise(make_section(hidden, mask)), clean, atol=1e-5)
    assert np.abs(clean - denoiser.denoise(probe)).max() > 1e-4, "what is observed has to matter"


def test_input_is_not_altered(kind):
    spec = tiny(kind)
    values, mask = _windows(spec, CHANNELS)
    mask[:, 5:9] = False
    before = values.copy(), mask.copy()
    spec.inputs(values, mask, np.array([0.4, 0.8], dtype=np.float32))
    np.testing.assert_array_equal(values, before[0])
    np.testing.assert_array_equal(mask, before[1])


@pytest.mark.parametrize("kind", WITH_CODE)
def test_encoder_and_decoder_are_the_autoencoder(kind):
    spec, network = tiny(kind), trained(kind, CHANNELS).denoiser.network
    encoder, decoder = network.get_layer("encoder"), network.get_layer("decoder")
    assert {id(w) for w in network.weights} == {id(w) for part in (encoder, decoder) for w in part.weights}
    values, mask = _windows(spec, CHANNELS)
    inputs = spec.inputs(values, mask, np.array([0.4, 0.8], dtype=np.float32))
    codes = encoder(inputs.reshape(len(inputs), *encoder.input_shape[1:]))
    assert codes.shape == (len(inputs), spec.latent)
    whole = np.asarray(network(inputs))
    np.testing.assert_allclose(np.asarray(decoder(codes)).reshape(whole.shape), whole, atol=1e-6)


@pytest.mark.parametrize("kind", WITH_CODE, scope="module")
def test_every_autoencoder_has_a_code_that_its_decoder_takes_back_to_its_output(kind):
    denoiser = trained(kind, CHANNELS).denoiser
    model = encoder_of(denoiser)
    probe = section(CHANNELS, samples=100, seed=3)
    codes = embed(model, probe)
    windows = cut(probe, denoiser.spec.window)
    assert codes.values.shape == (len(windows.values), denoiser.spec.latent)
    raw = denoiser.network(denoiser.spec.inputs(windows.values, windows.mask, denoiser.affine), training=False)
    whole = denoiser.spec.outputs(np.asarray(raw).reshape(windows.values.shape), denoiser.affine)
    np.testing.assert_allclose(decode(model, codes.values), whole, atol=1e-4)


def test_a_curve_from_the_others_does_not_look_at_the_curve(kind):
    denoiser = trained(kind, CHANNELS).denoiser
    probe = section(CHANNELS, seed=12)
    other = probe.values.copy()
    other[1] += np.sin(np.arange(other.shape[1])) * 3
    first, second = (denoiser.predict_from_others(make_section(values)) for values in (probe.values, other))
    assert first.dtype == np.float32
    assert first.shape == probe.values.shape
    np.testing.assert_allclose(first[1], second[1], atol=1e-5)


def test_a_network_of_single_curves_cannot_predict_one_from_the_others():
    spec = tiny("dense", window=SMALL["dense"]["window"].model_copy(update={"width": 1}))
    arrays = {f"weight_{n:03d}": weight for n, weight in enumerate(spec.build(1).get_weights())}
    denoiser = spec.restore({**arrays, "affine": np.array([0.0, 1.0]), "channels": np.array([1])})
    with pytest.raises(SpecError, match=r"window\.width"):
        denoiser.predict_from_others(section(3))


def _lstm(features: int, units: int) -> int:
    return 4 * ((features + units) * units + units)


# 4 curves, windows of 32 samples (the panel: 16 samples, 4 traces), filters 4 and 6 of 3; normalisation: 4 a filter
BY_HAND = {
    "dense": (128 * 8 + 8) + (8 * 4 + 4) + (4 * 8 + 8) + (8 * 128 + 128),
    "sparse": (128 * 8 + 8) + (8 * 128 + 128),
    "deep": (128 * 8 + 8) + (8 * 6 + 6) + (6 * 4 + 4) + (4 * 6 + 6) + (6 * 8 + 8) + (8 * 128 + 128),
    "conv1d": (3 * 8 * 4 + 4 * 4)
    + (3 * 4 * 6 + 4 * 6)
    + (8 * 6 * 4 + 4)
    + (4 * 48 + 48)
    + (3 * 6 * 6 + 4 * 6)
    + (3 * 6 * 4 + 4 * 4)
    + (3 * 4 * 4 + 4),
    "conv2d": (9 * 2 * 4 + 4 * 4)
    + (9 * 4 * 6 + 4 * 6)
    + (4 * 1 * 6 * 4 + 4)
    + (4 * 24 + 24)
    + (9 * 6 * 6 + 4 * 6)
    + (9 * 6 * 4 + 4 * 4)
    + (9 * 4 + 1),
    "lstm": _lstm(8, 4) + _lstm(4, 4) + (4 * 4 + 4),
    "vae": (128 * 8 + 8) + 2 * (8 * 4 + 4) + (4 * 8 + 8) + (8 * 128 + 128),
    "vae_conv": (3 * 8 * 4 + 4 * 4)
    + (3 * 4 * 6 + 4 * 6)
    + 2 * (8 * 6 * 4 + 4)
    + (4 * 48 + 48)
    + (3 * 6 * 6 + 4 * 6)
    + (3 * 6 * 4 + 4 * 4)
    + (3 * 4 * 4 + 4),
    "masked": (3 * 8 * 4 + 4)
    + (3 * 4 * 4 + 4)
    + (3 * 4 * 6 + 6)
    + (3 * 6 * 6 + 6)
    + (3 * 10 * 4 + 4)
    + (3 * 4 * 4 + 4)
    + (4 * 4 + 4),
    "unet": (3 * 12 * 4 + 4)
    + (3 * 4 * 4 + 4)
    + (3 * 4 * 6 + 6)
    + (3 * 6 * 6 + 6)
    + (3 * 10 * 4 + 4)
    + (3 * 4 * 4 + 4)
    + (4 * 4 + 4),
}


def test_parameters_are_those_counted_by_hand(kind):
    assert trained(kind, CHANNELS).parameters == BY_HAND[kind]
