"""The bar of a training: on a terminal, and only where it is wanted."""

from __future__ import annotations

import io
import os

import pytest
from rich.console import Console

from flows.console import _without_bars
from tasks.settings import Settings
from tasks.training.progress import epoch_bar


def _drawn(*, terminal: bool, wanted: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=120)
    with epoch_bar("unet", 8, wanted=wanted, console=console) as show:
        for epoch in range(4):
            show(epoch, {"loss": 0.5, "val_loss": 0.25 / (epoch + 1), "lr": 0.1})
    return stream.getvalue()


def test_a_terminal_shows_epochs_losses_and_the_time_left():
    drawn = _drawn(terminal=True, wanted=True)
    for part in ("unet", "4/8", "loss 0.5", "val_loss 0.0625", "left"):
        assert part in drawn
    assert "lr" not in drawn


@pytest.mark.parametrize(("terminal", "wanted"), [(False, True), (True, False), (False, False)])
def test_elsewhere_nothing_is_drawn(terminal, wanted):
    assert _drawn(terminal=terminal, wanted=wanted) == ""


@pytest.mark.parametrize(
    ("as_json", "before", "within"), [(True, None, False), (False, None, True), (True, "true", False)]
)
def test_json_keeps_bars_away_and_leaves_the_environment_as_it_was(monkeypatch, as_json, before, within):
    monkeypatch.delenv("SONDEFLOW_PROGRESS", raising=False)
    if before is not None:
        monkeypatch.setenv("SONDEFLOW_PROGRESS", before)
    with _without_bars(as_json=as_json):
        assert Settings().progress is within
    assert os.environ.get("SONDEFLOW_PROGRESS") == before
