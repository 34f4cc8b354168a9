"""Prefect's task runner with threads, whose trainings end when the flow is interrupted or cancelled."""

from __future__ import annotations

from typing import Any

from prefect.task_runners import ThreadPoolTaskRunner
from typing_extensions import override

from aemodels.core.stopping import ask_to_stop, forget_stop


class StoppableThreads(ThreadPoolTaskRunner[Any]):
    """Runs tasks in threads; Ctrl-C and SIGTERM end their trainings at the next batch.

    Prefect waits for running tasks before it lets a flow go, and a thread cannot be ended from outside, so that an
    interrupted training would go on to its end.
    """

    @override
    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        if exc_type is None:
            super().__exit__(exc_type, exc_value, traceback)
            return
        ask_to_stop()
        super().__exit__(exc_type, exc_value, traceback)
        forget_stop()  # all threads have ended; a second interruption does not come here, and leaves them stopped
