"""The over-fit ratio and the epoch it is taken at."""

from __future__ import annotations

import math

import pytest

from aemodels.core.errors import DataError
from aemodels.evaluate.denoising.overfitting import best_epoch, overfit_ratio, training_findings


def test_ratio_is_taken_at_the_best_validation_epoch() -> None:
    history = {"loss": [4.0, 2.0, 0.1], "val_loss": [5.0, 3.0, 3.5]}
    assert best_epoch(history) == 1
    assert overfit_ratio(history) == pytest.approx(1.5)


def test_first_of_equal_epochs_counts() -> None:
    assert best_epoch({"val_loss": [2.0, 1.0, 1.0]}) == 1


def test_epochs_that_blew_up_do_not_count() -> None:
    assert best_epoch({"val_loss": [math.nan, math.inf, 2.0, 3.0]}) == 2


@pytest.mark.parametrize(("train", "validation", "ratio"), [(0.0, 0.0, 1.0), (0.0, 1.0, math.inf), (2.0, 1.0, 0.5)])
def test_corner_values(train: float, validation: float, ratio: float) -> None:
    assert overfit_ratio({"loss": [train], "val_loss": [validation]}) == ratio


@pytest.mark.parametrize(
    "history",
    [{}, {"loss": [1.0]}, {"loss": [1.0], "val_loss": [math.nan]}, {"loss": [1.0, 2.0], "val_loss": [1.0]}],
)
def test_a_history_without_both_losses_is_refused(history: dict[str, list[float]]) -> None:
    with pytest.raises(DataError, match="expected"):
        overfit_ratio(history)


def test_a_sound_training_gives_no_finding() -> None:
    assert training_findings("unet", {"loss": [2.0], "val_loss": [3.0]}, {}) == ()
    assert training_findings("median", {}, {}) == ()


def test_over_fitting_and_dead_units_are_findings_with_their_numbers() -> None:
    findings = training_findings("dense", {"loss": [2.0, 1.0], "val_loss": [4.0, 1.6]}, {"code": 5, "dense_1": 2})
    assert [finding.code for finding in findings] == ["over-fitted", "dead-units"]
    assert {finding.where for finding in findings} == {"contender dense"}
    assert "1.60 times" in findings[0].found
    assert findings[1].found == "5 in layer code, 2 in layer dense_1"
