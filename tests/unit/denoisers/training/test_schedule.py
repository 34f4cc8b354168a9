"""Rate, best epoch and end as the validation losses decide them."""

from __future__ import annotations

import math

import pytest

from aemodels.denoisers.training.schedule import best_epoch, learning_rate, should_stop
from aemodels.denoisers.training.spec import TrainingSpec


def _rates(training: TrainingSpec, losses: list[float]) -> list[float]:
    return [learning_rate(training, losses[:epoch]) for epoch in range(len(losses) + 1)]


def test_a_constant_rate_stays():
    assert _rates(TrainingSpec(learning_rate=0.3, schedule="constant"), [3.0, 4.0, 5.0]) == [0.3] * 4


def test_the_cosine_falls_to_a_hundredth_whatever_the_losses():
    rates = _rates(TrainingSpec(learning_rate=0.2, schedule="cosine", epochs=5), [1.0, 9.0, 1.0, 9.0])
    assert rates[0] == pytest.approx(0.2)
    assert rates[2] == pytest.approx(0.2 * 0.505)  # half way: the mean of 1 and 0.01
    assert rates[4] == pytest.approx(0.002)
    assert rates == sorted(rates, reverse=True)


def test_the_plateau_halves_after_a_third_of_the_patience_without_a_better_loss():
    training = TrainingSpec(learning_rate=0.8, schedule="plateau", patience=6)
    losses = [5.0, 4.0, 4.0, 4.5, 4.4, 4.3, 3.0, 3.1]
    assert _rates(training, losses) == [0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.2, 0.2, 0.2]


def test_losses_that_blew_up_count_as_no_better():
    training = TrainingSpec(learning_rate=0.8, schedule="plateau", patience=3)
    assert _rates(training, [math.nan, math.inf, 2.0]) == [0.8, 0.4, 0.2, 0.2]
    assert best_epoch([math.nan, math.inf, 2.0, 2.0]) == 2
    assert best_epoch([math.nan, math.nan]) == 0


@pytest.mark.parametrize(
    ("losses", "over"),
    [([], False), ([3.0, 1.0, 2.0], False), ([3.0, 1.0, 2.0, 1.0], True), ([4.0, 3.0, 2.0, 1.0, 0.5], True)],
)
def test_it_ends_with_the_epochs_or_with_the_patience(losses, over):
    assert should_stop(TrainingSpec(epochs=5, patience=2), losses) is over
