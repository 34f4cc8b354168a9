"""Explicit back-propagation compared with finite differences, with Keras, and with published results."""

from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.errors import DataError
from aemodels.numpy_autoencoder.network import NumpyAutoencoder, NumpyAutoencoderSpec
from aemodels.numpy_autoencoder.reference_problems import (
    PUBLISHED,
    lines,
    noisy_spiral,
    spiral_metrics,
    train_slopes,
    train_spiral,
)

LAYERS = [
    ((3, 2, 1, 2, 3), ("sigmoid", "sigmoid", "sigmoid", "linear")),
    ((2, 1, 2), ("sigmoid", "sigmoid")),
    ((4, 6, 2, 4), ("tanh", "relu", "linear")),
    ((5, 3, 5), ("linear", "tanh")),
]


def _network(sizes, activations, seed=0, **changes) -> tuple[NumpyAutoencoder, np.ndarray]:
    rng = np.random.default_rng(seed)
    spec = NumpyAutoencoderSpec(sizes=sizes, activations=activations, **changes)
    drawn = spec.draw(rng)
    # biases away from zero, so that their derivatives are looked at where they matter
    layers = tuple((weights, rng.normal(0, 0.3, biases.shape)) for weights, biases in drawn.layers)
    return NumpyAutoencoder(spec, layers), rng.normal(0, 1, (7, sizes[0]))


def _nudged(network: NumpyAutoencoder, layer: int, part: int, place: tuple[int, ...], step: float) -> NumpyAutoencoder:
    layers = [tuple(array.copy() for array in pair) for pair in network.layers]
    layers[layer][part][place] += step
    return NumpyAutoencoder(network.spec, tuple(layers))


@pytest.mark.parametrize("objective", ["mean_squared", "half_squared"])
@pytest.mark.parametrize(("sizes", "activations"), LAYERS)
def test_gradients_agree_with_finite_differences(sizes, activations, objective):
    network, x = _network(sizes, activations, objective=objective)
    step = 1e-6
    for layer, pair in enumerate(network.gradients(x)):
        for part, gradient in enumerate(pair):
            for place in np.ndindex(gradient.shape):
                up, down = (_nudged(network, layer, part, place, sign * step).loss(x) for sign in (1, -1))
                assert gradient[place] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("sizes", "activations"), LAYERS)
def test_gradients_and_outputs_agree_with_keras(sizes, activations):
    import keras
    import tensorflow as tf

    network, x = _network(sizes, activations)
    twin = keras.Sequential([keras.Input((sizes[0],), dtype="float64")])
    for size, activation in zip(sizes[1:], activations, strict=True):
        twin.add(keras.layers.Dense(size, activation=activation, dtype="float64"))
    twin.set_weights([array for pair in network.layers for array in pair])
    with tf.GradientTape() as tape:
        rebuilt = twin(x)
        loss = tf.reduce_mean(keras.losses.mean_squared_error(x, rebuilt))
    theirs = tape.gradient(loss, twin.trainable_variables)
    np.testing.assert_allclose(network.reconstruct(x), rebuilt, atol=1e-12)
    assert network.loss(x) == pytest.approx(float(loss), rel=1e-12)
    for mine, other in zip([array for pair in network.gradients(x) for array in pair], theirs, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-12)


def test_the_spiral_reproduces_the_published_values_to_six_decimals():
    found = spiral_metrics(train_spiral())
    assert {name: round(value, 6) for name, value in found.items()} == PUBLISHED


def test_half_the_squared_error_has_half_the_gradient_per_feature():
    sizes, activations = LAYERS[2]
    whole, x = _network(sizes, activations, objective="mean_squared")
    half, _ = _network(sizes, activations, objective="half_squared")
    for (left, _), (right, _) in zip(whole.gradients(x), half.gradients(x), strict=True):
        np.testing.assert_allclose(right, left * sizes[0] / 2, rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_latent_value_is_a_function_of_the_slope(seed):
    found = train_slopes(seed)
    assert found.r_squared > 0.95
    assert found.monotone
    rebuilt = found.trained.network.reconstruct(lines(found.slopes))
    assert np.mean((rebuilt - lines(found.slopes)) ** 2) < 0.02 * np.mean(lines(found.slopes) ** 2)


def test_decoding_the_encoding_is_the_reconstruction():
    network, x = _network(*LAYERS[0])
    assert (network.spec.bottleneck, network.spec.compression) == (2, 3.0)
    np.testing.assert_array_equal(network.decode(network.encode(x)), network.reconstruct(x))


def test_xavier_initialisation_has_its_bounds_and_deviations():
    rng = np.random.default_rng(0)
    uniform = NumpyAutoencoderSpec(sizes=(200, 100, 200), activations=("tanh", "linear")).draw(rng)
    weights = uniform.layers[0][0]
    limit = np.sqrt(6 / 300)
    assert np.abs(weights).max() <= limit
    assert weights.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    spec = uniform.spec.model_copy(update={"initial": "xavier_normal"})
    assert spec.draw(rng).layers[0][0].std() == pytest.approx(np.sqrt(2 / 300), rel=0.02)
    assert not uniform.layers[0][1].any()


def test_the_spiral_fills_the_unit_square_with_one_turn():
    points = noisy_spiral(np.random.default_rng(1))
    assert points.shape == (500, 2)
    np.testing.assert_allclose([points.min(axis=0), points.max(axis=0)], [[0, 0], [1, 1]], atol=1e-12)


@pytest.mark.parametrize(
    ("sizes", "activations"), [((3, 2, 3), ("tanh",)), ((3, 2, 4), ("tanh", "linear")), ((3, 0, 3), ("tanh", "linear"))]
)
def test_layers_that_are_not_an_autoencoder_are_refused(sizes, activations):
    with pytest.raises(ValueError, match="as many outputs as inputs"):
        NumpyAutoencoderSpec(sizes=sizes, activations=activations)


def test_samples_of_another_width_are_refused():
    network, _ = _network(*LAYERS[0])
    with pytest.raises(DataError, match=r"expected \[sample, 3\]"):
        network.reconstruct(np.zeros((4, 2)))
