"""Progress on stderr: one plain line when a step of a flow begins, and one when a long step ends."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typing_extensions import override

from aemodels.core.progress import PROGRESS_LOGGER
from flows.console import printable

LONG_SECONDS = 5.0  # a step that took longer, with the time that it waited for others, reports its end as well
_TASKS, _FLOWS = "prefect.task_runs", "prefect.flow_runs"
_BEGIN = ("Created task run", "Beginning flow run", "Beginning subflow run")
_END = "Finished in state"


class StepLines(logging.Handler):
    """Handler of Prefect's run logs that writes a line when a flow or task begins, and when a long one is done."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._began: dict[str, tuple[str, float]] = {}

    @override
    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.name == PROGRESS_LOGGER:
            _write(record.created, message)
            return
        key = str(getattr(record, "task_run_id", None) or getattr(record, "flow_run_id", ""))
        if message.startswith(_BEGIN):
            self._began[key] = _label(record), record.created
            _write(record.created, self._began[key][0])
        elif message.startswith(_END) and key in self._began:
            label, began = self._began.pop(key)
            if record.created - began >= LONG_SECONDS and "Completed" in message:  # Prefect writes of failures itself
                _write(record.created, f"{label}: done")


@contextmanager
def step_lines() -> Iterator[None]:
    """Write a line on stderr for each step of the flows that run meanwhile."""
    lines = StepLines()
    loggers = [logging.getLogger(name) for name in (_TASKS, _FLOWS, PROGRESS_LOGGER)]
    before = [logger.level for logger in loggers]
    keep = _BeginningsOnly()
    for logger in loggers:
        logger.addHandler(lines)
    loggers[0].setLevel(logging.DEBUG)  # Prefect reports the beginning of a task at this level only
    loggers[0].addFilter(keep)
    loggers[2].setLevel(logging.INFO)
    try:
        yield
    finally:
        loggers[0].removeFilter(keep)
        for logger, level in zip(loggers, before, strict=True):
            logger.removeHandler(lines)
            logger.setLevel(level)


class _BeginningsOnly(logging.Filter):
    """Filter that keeps Prefect's other debugging messages out of its handlers."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG or record.getMessage().startswith(_BEGIN)


def _label(record: logging.LogRecord) -> str:
    """Return the name of a step: of the task run if the task names its runs, else of the task or flow."""
    fields: dict[str, Any] = vars(record)
    if record.name == _FLOWS:
        return str(fields.get("flow_name", "flow"))
    from prefect.context import TaskRunContext

    context = TaskRunContext.get()
    pattern = None if context is None else context.task.task_run_name
    if context is not None and isinstance(pattern, str):
        return pattern.format(**context.parameters)
    return str(fields.get("task_name", "task"))


def _write(moment: float, text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S', time.localtime(moment))} {printable(text)}\n")
    sys.stderr.flush()
