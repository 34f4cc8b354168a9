"""The lines on stderr that say which step a command is at."""

from __future__ import annotations

import logging

import pytest

from aemodels.core.progress import PROGRESS_LOGGER
from flows.step_lines import step_lines
from tasks.training.progress import EpochLines

TASKS, FLOWS = logging.getLogger("prefect.task_runs"), logging.getLogger("prefect.flow_runs")


@pytest.fixture(autouse=True)
def prefect_handlers_are_away(monkeypatch):
    """Prefect would send the messages to a server that it starts for them."""
    for logger in (TASKS, FLOWS):
        monkeypatch.setattr(logger, "handlers", [])
        monkeypatch.setattr(logger, "propagate", False)
        monkeypatch.setattr(logger, "level", logging.INFO)


def _texts(captured: str) -> list[str]:
    return [line.split(" ", 1)[1] for line in captured.splitlines()]


def test_flows_and_tasks_report_their_beginning_and_long_ones_their_end(capsys, monkeypatch):
    monkeypatch.setattr("flows.step_lines.LONG_SECONDS", 0.0)
    with step_lines():
        FLOWS.info("Beginning flow run 'brave-owl' for flow 'train'", extra={"flow_name": "train", "flow_run_id": "f"})
        TASKS.debug("Created task run 'prepare-1'", extra={"task_name": "prepare", "task_run_id": "t"})
        TASKS.debug("Executing 'prepare-1'", extra={"task_name": "prepare", "task_run_id": "t"})
        TASKS.info("Finished in state Completed()", extra={"task_name": "prepare", "task_run_id": "t"})
        FLOWS.info("Finished in state Completed()", extra={"flow_name": "train", "flow_run_id": "f"})
    captured = capsys.readouterr()
    assert _texts(captured.err) == ["train", "prepare", "prepare: done", "train: done"]
    assert captured.out == ""


def test_a_long_training_reports_its_epochs_at_intervals(capsys):
    often, rarely = EpochLines("unet", 40, seconds=0.0), EpochLines("unet", 40, seconds=1000.0)
    with step_lines():
        for report in (often, rarely):
            report(6, {"loss": 0.5, "val_loss": 0.25, "lr": 0.1})
    assert _texts(capsys.readouterr().err) == ["unet: epoch 7 of at most 40, loss 0.5, val_loss 0.25"]


def test_nothing_is_left_behind():
    before = [(logger.level, list(logger.handlers), list(logger.filters)) for logger in (TASKS, FLOWS)]
    with step_lines():
        pass
    assert [(logger.level, list(logger.handlers), list(logger.filters)) for logger in (TASKS, FLOWS)] == before
    logging.getLogger(PROGRESS_LOGGER).info("nobody is asked")
