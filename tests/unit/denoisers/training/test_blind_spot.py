"""Blind training: gains without a clean target, and never sees the sample that it predicts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter1d

from aemodels.core.interfaces import FitContext
from aemodels.denoisers.networks.denoiser import NetworkDenoiser
from aemodels.denoisers.networks.dense import Dense
from aemodels.denoisers.networks.unet import UNet
from aemodels.denoisers.training.batches import training_pair
from aemodels.denoisers.training.blind_spot import BlindSpotSpec, blind_spot_estimate, draw_grid, hide
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.evaluate.statistics.metrics import gain_db, mean_squared_error
from aemodels.noise import Gaussian
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section
from helpers.tiny_models import NETWORKS, tiny, with_known_weights

CHANNELS = 4
ALONE = BlindSpotSpec(period=6, estimate="prediction")
BLIND = BlindSpotSpec(period=6, reach=1, estimate="prediction")
TRAINING = TrainingSpec(epochs=5, batch=32, stride=4, learning_rate=5e-3, patience=5, blind_spot=ALONE)
SMALL_UNET = UNet(widths=(8, 12), kernel=5, window=WindowSpec(length=64, stride=32), training=TRAINING)
SMALL_DENSE = Dense(window=WindowSpec(length=32, stride=8, width=1), training=TRAINING, widths=(8,), latent=4)


def _clean(count: int, seed: int) -> list:
    rng = np.random.default_rng(seed)
    waves = np.sin(np.linspace(0, 80, 1000)[None] + rng.uniform(0, 6, (count, 2, 1)))
    return [make_section(0.5 + 0.3 * wave, name=f"s{n}") for n, wave in enumerate(waves)]


def _noisy(sections: list, sigma: float, seed: int) -> list:
    rng = np.random.default_rng(seed)
    return [
        one.with_values((one.values + rng.normal(0, sigma, one.values.shape)).astype(np.float32)) for one in sections
    ]


def _untrained(spec):
    """A denoiser whose network says something about every sample: weights drawn at random."""
    features = spec.features(CHANNELS)
    network = with_known_weights(spec.build(features))
    return NetworkDenoiser(spec, tuple(network.get_weights()), np.array([0.3, 0.6], dtype=np.float32), features)


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_sample_has_no_part_in_its_own_prediction(kind):
    spec = tiny(kind, training=TRAINING.model_copy(update={"blind_spot": BLIND}))
    values = np.random.default_rng(8).uniform(0.35, 0.5, (CHANNELS, 200))
    mask = np.ones(values.shape, dtype=bool)
    mask[0, 100:140] = False  # what fills a gap may come from the samples beside it
    section = make_section(values, mask)
    denoiser = _untrained(spec)
    before = denoiser.denoise(section)
    for channel, sample in ((0, 0), (0, 99), (3, 150), (1, 199)):
        values = section.values.copy()
        values[channel, sample] += 0.35
        if (channel, sample) == (0, 99):
            values[0, 100:140] += np.linspace(0.35, 0, 40)  # as a normaliser fills it
        after = denoiser.denoise(section.with_values(values))
        near = slice(max(0, sample - BLIND.reach), sample + BLIND.reach + 1)
        np.testing.assert_array_equal(after[channel, near], before[channel, near])
        assert (after != before).any(), "others see it"


@pytest.mark.parametrize("spec", [SMALL_UNET, SMALL_DENSE], ids=["unet", "dense"])
def test_the_loss_asks_for_hidden_samples_alone_and_the_input_has_nothing_of_them(spec):
    rng = np.random.default_rng(2)
    features = 2 if isinstance(spec, UNet) else 1
    spec = spec.model_copy(update={"training": spec.training.model_copy(update={"blind_spot": BLIND})})
    values = rng.random((5, spec.window.length, features), dtype=np.float32)
    mask = rng.random(values.shape) < 0.9
    affine = np.array([0.2, 0.7], dtype=np.float32)
    inputs, pair = training_pair(spec, (values, mask), affine, np.random.default_rng(3))
    targets, weights = np.split(pair, 2, axis=-1)
    asked = weights > 0
    assert 0 < asked.sum() <= mask.sum() / 5
    assert not (asked & ~mask).any()
    other = np.where(asked, values + 0.1, values).astype(np.float32)
    inputs_then, pair_then = training_pair(spec, (other, mask), affine, np.random.default_rng(3))
    np.testing.assert_array_equal(inputs_then, inputs)
    assert (np.split(pair_then, 2, axis=-1)[0] != targets)[asked].any()


def test_noise_of_the_training_is_in_the_target_too():
    """Nothing clean is there to be learned from."""
    training = TRAINING.model_copy(update={"noise": (Gaussian(factor=0.5),)})
    spec = SMALL_UNET.model_copy(update={"training": training})
    values = np.zeros((4, 64, 2), dtype=np.float32)
    _, pair = training_pair(
        spec, (values, np.ones(values.shape, dtype=bool)), np.zeros(2, np.float32), np.random.default_rng(0)
    )
    targets, weights = np.split(pair, 2, axis=-1)
    assert targets[weights > 0].std() == pytest.approx(0.5, rel=0.2)


def test_a_network_that_has_seen_noisy_data_only_takes_noise_away():
    sigma = 0.25
    train, validation = _noisy(_clean(4, 0), sigma, 10), _noisy(_clean(1, 1), sigma, 11)
    result = SMALL_UNET.fit(train, validation, FitContext("logs", 3))
    assert result.history["val_loss"][-1] < result.history["val_loss"][0]
    truth = _clean(1, 2)[0]
    (noisy,) = _noisy([truth], sigma, 12)
    mask = truth.mask
    before = mean_squared_error(noisy.values, truth.values, mask)
    after = mean_squared_error(result.denoiser.denoise(noisy), truth.values, mask)
    assert gain_db(before, after) > 6.0
    # what the loss can reach is the noise itself, never less: it has not learned to copy
    assert min(result.history["val_loss"]) > 0.8 * sigma**2


def test_where_prediction_fails_the_sample_itself_counts():
    """Boxes that no neighbourhood foretells, a prediction that has smoothed them away, and noise known in size."""
    rng = np.random.default_rng(4)
    truth = np.repeat(rng.random((1, 60)), 40, axis=1)
    noisy = (truth + rng.normal(0, 0.05, truth.shape)).astype(np.float32)

    def smooth(section):
        return uniform_filter1d(section.values, 25, axis=1)

    section = make_section(noisy)
    errors = {
        name: mean_squared_error(
            blind_spot_estimate(smooth, section, BlindSpotSpec(period=6, estimate=name)),
            truth.astype(np.float32),
            section.mask,
        )
        for name in ("prediction", "posterior")
    }
    assert errors["posterior"] < 0.05**2 < errors["prediction"]


def test_what_has_no_noise_is_left_as_it_is():
    (clean,) = _clean(1, 3)
    out = blind_spot_estimate(lambda section: np.full_like(section.values, 0.5), clean, BlindSpotSpec(period=6))
    np.testing.assert_allclose(out, clean.values, atol=2e-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 20), st.integers(0, 4), st.integers(1, 70), st.integers(0, 100))
def test_every_sample_is_predicted_in_exactly_one_place_of_the_grid(period, reach, samples, phase):
    if period <= 2 * reach + 1:
        with pytest.raises(ValueError, match="longer period"):
            BlindSpotSpec(period=period, reach=reach)
        return
    spec = BlindSpotSpec(period=period, reach=reach)
    counts = np.zeros(samples, dtype=int)
    for step in range(period):
        asked, hidden = spec.grid(samples, np.array([[[phase + step]]]))
        counts += asked[0, :, 0]
        for place in np.flatnonzero(asked[0, :, 0]):
            assert hidden[0, max(0, place - reach) : place + reach + 1, 0].all()
        assert (asked <= hidden).all()
    assert (counts == 1).all()


def test_hidden_samples_come_from_their_neighbours_and_gaps_beside_them_too():
    values = np.array([1, 9, 3, 8, 8, 6], dtype=np.float32).reshape(1, 6, 1)
    mask = np.array([1, 1, 1, 0, 0, 1], dtype=bool).reshape(1, 6, 1)
    hidden = np.array([0, 1, 0, 0, 0, 0], dtype=bool).reshape(1, 6, 1)
    filled, seen = hide(values, mask, hidden)
    assert filled[0, :, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert seen[0, :, 0].tolist() == [True, False, True, False, False, True]
    lost = np.zeros_like(mask)
    np.testing.assert_array_equal(hide(values, lost, hidden)[0], values)


def test_grids_are_drawn_anew_for_every_window_and_feature():
    asked, hidden = draw_grid(BlindSpotSpec(period=8), (50, 64, 3), np.random.default_rng(0))
    assert asked.shape == hidden.shape == (50, 64, 3)
    assert (asked.sum(axis=1) == 8).all()
    first = asked.argmax(axis=1)
    assert len(np.unique(first[:, 0])) == 8
    assert (first[:, 0] != first[:, 1]).any()
