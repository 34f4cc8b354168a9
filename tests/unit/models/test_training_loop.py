"""The training loop: what it minimises, when it stops, and what it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from aemodels.contract import FitContext
from aemodels.models import Dense
from aemodels.models.training import TrainingSpec
from aemodels.signal.windows import WindowSpec
from conftest import make_section

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
    from aemodels.models.fit import masked_squared_error, observed_windows, training_pair

    network = result.denoiser.network
    for role, sections, stride in (("loss", _sections(1, 0), 16), ("val_loss", _sections(1, 1), 16)):
        windows = observed_windows(spec, sections, stride=stride)
        inputs, target = training_pair(spec, windows, result.denoiser.affine, np.random.default_rng(0))
        rebuilt = np.asarray(network(inputs))
        by_hand = float(masked_squared_error(target, rebuilt)) + weight * np.abs(rebuilt).sum() / len(rebuilt)
        assert result.history[role][0] == pytest.approx(by_hand, rel=1e-4), role
