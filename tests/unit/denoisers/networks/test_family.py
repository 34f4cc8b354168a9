"""What single kinds promise beside the contract of all: published sizes, losses, sparse and variational codes, gaps."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import FitContext
from aemodels.denoisers.networks.dense import Dense
from aemodels.denoisers.networks.masked import Masked
from aemodels.denoisers.networks.sparse import Sparse
from aemodels.denoisers.networks.unet import UNet
from aemodels.denoisers.networks.vae import Vae
from aemodels.denoisers.networks.variational_layers import Sampling, divergence
from aemodels.denoisers.training.losses import masked_loss
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.detect import VaeProbability
from aemodels.detect.base import DetectContext
from aemodels.noise import Dropout
from aemodels.signal.gaps import fill_lost, fill_windows
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section


def test_one_hidden_layer_of_64_on_784_samples_has_101200_parameters():
    window = WindowSpec(length=784, stride=196, width=1)
    network = Dense(widths=(), latent=64, window=window, loss="auto").build(1)
    assert network.count_params() == (784 * 64 + 64) + (64 * 784 + 784) == 101_200


def test_cross_entropy_is_the_automatic_loss_of_bounded_outputs_and_refused_for_others():
    assert Dense(loss="auto").loss_name == "bce"
    assert Dense(loss="auto", output="linear").loss_name == "mse"
    assert Dense().loss_name == "mse", "as published"
    for wrong in (lambda: Dense(loss="bce", output="linear"), lambda: UNet(loss="bce")):
        with pytest.raises(ValueError, match="not bounded"):
            wrong()


TARGET = np.array([0.0, 1.0, 0.5, 0.5], dtype=np.float32).reshape(1, 4, 1)
GUESS = np.array([0.25, 0.75, 0.5, 0.9], dtype=np.float32).reshape(1, 4, 1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", (0.0625 + 0.0625 + 0) / 3),
        ("huber", (0.0625 / 2 + 0.0625 / 2 + 0) / 3),
        ("bce", -(np.log(0.75) + np.log(0.75) + np.log(0.5)) / 3),
    ],
)
def test_losses_are_means_over_what_was_observed(name, expected):
    weights = np.array([1, 1, 1, 0], dtype=np.float32).reshape(1, 4, 1)
    loss = masked_loss(name)(np.concatenate([TARGET, weights], axis=-1), GUESS)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_huber_grows_with_the_size_of_a_large_error():
    pair = np.array([[[0.0, 1.0]]], dtype=np.float32)
    sizes = [float(masked_loss("huber")(pair, np.full((1, 1, 1), size, np.float32))) for size in (1.0, 3.0, 5.0)]
    np.testing.assert_allclose(sizes, [0.5, 2.5, 4.5], rtol=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.floats(0, 1))
def test_filling_windows_is_interpolation_of_each_channel(seed, samples, share):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(2, samples, 3)).astype(np.float32)
    mask = rng.random(values.shape) < share
    filled = fill_windows(values, mask, 7.0)
    for window in range(2):
        rows = fill_lost(values[window].T, mask[window].T, "linear")
        rows[~mask[window].any(axis=0)] = 7.0
        np.testing.assert_allclose(filled[window].T, rows, atol=1e-5)


def _waves(count: int, channels: int = 1) -> list:
    rng = np.random.default_rng(3)
    time = np.linspace(0, 60, 800)[None]
    return [make_section(0.5 + 0.3 * np.sin(time + rng.uniform(0, 6, (channels, 1)))) for _ in range(count)]


def test_a_penalty_makes_the_code_sparse():
    window = WindowSpec(length=32, stride=16, width=1)
    training = TrainingSpec(epochs=8, batch=32, stride=8, learning_rate=0.01)
    active = {}
    for penalty in (0.0, 0.05):
        spec = Sparse(latent=16, penalty=penalty, window=window, training=training)
        denoiser = spec.fit(_waves(2), _waves(1), FitContext("logs", 0)).denoiser
        values = np.concatenate([section.values for section in _waves(1)])[:, :800].reshape(-1, 32)
        scaled = spec.targets(values, denoiser.affine)
        active[penalty] = float(np.mean(np.asarray(denoiser.network.get_layer("encoder")(scaled))))
    assert active[0.05] < 0.5 * active[0.0]


def test_the_divergence_from_a_standard_normal_is_the_closed_form():
    mean = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    log_variance = np.array([[0.0, 0.0], [0.0, 0.0], [2.0, 0.0]], dtype=np.float32)
    expected = [0.0, 0.5, 0.5 * (np.exp(2.0) - 1 - 2.0)]
    np.testing.assert_allclose(np.asarray(divergence(mean, log_variance)), expected, rtol=1e-6)


def test_codes_are_drawn_while_training_and_are_their_mean_afterwards():
    keras.utils.set_random_seed(0)
    layer = Sampling(weight=0.1)
    mean = np.full((4000, 2), 3.0, dtype=np.float32)
    log_variance = np.full((4000, 2), np.log(4.0), dtype=np.float32)
    np.testing.assert_array_equal(np.asarray(layer([mean, log_variance], training=False)), mean)
    drawn = np.asarray(layer([mean, log_variance], training=True))
    np.testing.assert_allclose(drawn.mean(axis=0), 3.0, atol=5 * 2 / np.sqrt(4000))
    np.testing.assert_allclose(drawn.std(axis=0), 2.0, rtol=0.06)
    assert float(layer.losses[0]) == pytest.approx(0.1 * 2 * 0.5 * (4 + 9 - 1 - np.log(4.0)), rel=1e-5)


def planted_vae():
    """A VAE whose code is N(0, 1/4) whatever comes in, and whose decoder repeats it on all four samples."""
    spec = Vae(widths=(), latent=1, window=WindowSpec(length=4, stride=4, width=1))
    network = spec.build(1)
    encoder = network.get_layer("encoder")
    encoder.get_layer("mean").set_weights([np.zeros((4, 1)), np.zeros(1)])
    encoder.get_layer("log_variance").set_weights([np.zeros((4, 1)), np.log([0.25])])
    network.get_layer("decoder").get_layer("reconstruction").set_weights([np.ones((1, 4)), np.zeros(4)])
    arrays = {f"weight_{n:03d}": weight for n, weight in enumerate(network.get_weights())}
    return spec.restore({**arrays, "affine": np.array([0.0, 1.0], np.float32), "channels": np.array([1])})


def test_reconstruction_probability_is_that_of_a_planted_posterior():
    context = DetectContext("logs", 0, {"vae": planted_vae()})
    train = make_section(np.zeros((1, 400)))
    probe = make_section(np.repeat([[0.0, 1.0, -2.0]], 40, axis=1))
    detector = VaeProbability(contender="vae", draws=200).fit([train], context)
    # of a code N(0, 1/4) the expected squared error is x² + 1/4; training data at 0 make that 1/4 the variance
    expected = (probe.values**2 + 0.25) / (2 * 0.25)
    scores = detector.score(probe)
    np.testing.assert_allclose([scores[0, n : n + 40].mean() for n in (0, 40, 80)], expected[0, ::40], rtol=0.05)


def test_reconstruction_probability_asks_for_a_variational_contender():
    context = DetectContext("logs", 0, {"masked": Masked().restore({"affine": np.zeros(2), "channels": np.array([1])})})
    with pytest.raises(SpecError, match="of kind masked"):
        VaeProbability(contender="masked").fit([make_section(np.zeros((1, 50)))], context)


def test_a_masked_network_tells_a_curve_from_the_others():
    rng = np.random.default_rng(0)
    sections = []
    for _ in range(4):
        first = np.cumsum(rng.normal(0, 0.1, 800)) % 1.0
        sections.append(make_section(np.stack([first, 1 - first, first**2])))
    training = TrainingSpec(
        epochs=15, batch=32, stride=8, learning_rate=0.01, noise=(Dropout(share=0.1, length=8, channels=0.4),)
    )
    spec = Masked(widths=(16,), kernel=3, window=WindowSpec(length=32, stride=32), training=training)
    denoiser = spec.fit(sections[:2], sections[2:3], FitContext("logs", 0)).denoiser
    predicted = denoiser.predict_from_others(sections[3])
    error = np.mean((predicted - sections[3].values) ** 2, axis=1)
    assert (error < 0.1 * sections[3].values.var(axis=1)).all(), "each curve is a function of any other"
