"""The training loop: what it minimises, when it stops, and what it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from aemodels.core.errors import SpecError, StoppedError
from aemodels.core.interfaces import FitContext
from aemodels.core.stopping import ask_to_stop, forget_stop
from aemodels.denoisers.networks.dense import Dense
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section

if TYPE_CHECKING:
    import keras


class Penalised(Dense):
    """A dense network that asks for something beside a faithful reconstruction."""

    kind: Literal["dense"] = "dense"
    weight: float = 0.25

    def build(self, features: int) -> keras.Model:
        import keras
        from keras import layers

        plain = super().build(features)
        penalty = layers.ActivityRegularization(l1=self.weight)
        return keras.Model(plain.input, penalty(plain.output), name="penalised")


def _sections(count: int, seed: int) -> list:
    rng = np.random.default_rng(seed)
    waves = np.sin(np.linspace(0, 60, 800)[None] + rng.uniform(0, 6, (count, 1, 1)))
    return [make_section(0.5 + 0.3 * wave, name=f"s{n}") for n, wave in enumerate(waves)]


# 800 samples give 49 windows of 32, 16 apart: one batch holds each exactly once
STILL = TrainingSpec(epochs=1, batch=49, stride=16, learning_rate=1e-12, schedule="constant")
WINDOW = WindowSpec(length=32, stride=16, width=1)


@pytest.mark.parametrize("weight", [0.0, 0.25])
def test_what_a_network_adds_to_its_loss_is_minimised_with_it(weight):
    spec = Penalised(window=WINDOW, training=STILL, widths=(8,), latent=2, weight=weight)
    result = spec.fit(_sections(1, 0), _sections(1, 1), FitContext("logs", 3))
    from aemodels.denoisers.training.batches import observed_windows, training_pair
    from aemodels.denoisers.training.losses import masked_squared_error

    network = result.denoiser.network
    for role, sections, stride in (("loss", _sections(1, 0), 16), ("val_loss", _sections(1, 1), 16)):
        windows = observed_windows(spec, sections, stride=stride)
        inputs, target = training_pair(spec, windows, result.denoiser.affine, np.random.default_rng(0))
        rebuilt = np.asarray(network(inputs))
        by_hand = float(masked_squared_error(target, rebuilt)) + weight * np.abs(rebuilt).sum() / len(rebuilt)
        assert result.history[role][0] == pytest.approx(by_hand, rel=1e-4), role


def test_a_training_that_blows_up_says_so():
    wild = STILL.model_copy(update={"learning_rate": 1.0, "clip_norm": 1000.0, "epochs": 2})
    spec = Penalised(window=WINDOW, training=wild, widths=(8,), latent=2, weight=1e38)
    with pytest.raises(SpecError, match="lower learning_rate"):
        spec.fit(_sections(1, 0), _sections(1, 1), FitContext("logs", 3))


def test_a_training_ends_at_the_next_batch_once_it_is_asked_to():
    seen = []

    def told(epoch: int, metrics: dict[str, float]) -> None:
        seen.append(epoch)
        ask_to_stop()

    spec = Dense(window=WINDOW, training=STILL.model_copy(update={"epochs": 5, "patience": 5}), widths=(8,), latent=2)
    try:
        with pytest.raises(StoppedError, match="the same command goes on"):
            spec.fit(_sections(1, 0), _sections(1, 1), FitContext("logs", 3, on_epoch=told))
    finally:
        forget_stop()
    assert seen == [0]


def test_units_that_give_the_same_for_every_window_are_counted():
    import keras

    from aemodels.denoisers.training.dead_units import dead_units

    network = Dense(window=WINDOW, widths=(8,), latent=4).build(1)
    first, code = network.get_layer("encoder").layers[-2:]
    inputs = np.random.default_rng(0).random((40, 32, 1), dtype=np.float32)
    first.set_weights([np.abs(first.get_weights()[0]), np.array([1.0] * 6 + [-1e6] * 2, dtype=np.float32)])
    code.set_weights([np.abs(code.get_weights()[0]), np.array([0.0, 0.0, 0.0, -1e6], dtype=np.float32)])
    assert dead_units(network, inputs) == {first.name: 2, "code": 1}
    assert dead_units(keras.Sequential([keras.Input((32, 1)), keras.layers.Flatten()]), inputs) == {}


def test_dead_units_are_told_by_the_fit():
    spec = Penalised(window=WINDOW, training=STILL, widths=(8,), latent=2, weight=0.0)
    flat = [make_section(np.full((1, 800), 0.5))]
    result = spec.fit(flat, flat, FitContext("logs", 3))
    assert sum(result.dead_units.values()) == 8 + 2, "nothing varies, so no unit can"
