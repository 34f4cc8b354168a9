"""Task runner of the flows that spread their tasks: Dask if the settings of the moment of a run ask for it."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from flows.runners.stoppable_threads import StoppableThreads
from tasks.settings import Settings


class SettingsTaskRunner(StoppableThreads):
    """Threads whose trainings end when the run is cancelled, or Dask if the settings say so.

    A deployment runs a flow as it is defined, and a flow within a flow as well: neither passes a runner. Prefect runs
    each flow with a duplicate of its runner, so the settings are read when a run starts, not when this is imported.
    """

    @override
    def duplicate(self) -> Any:
        settings = Settings()
        if settings.task_runner == "threads":
            return super().duplicate()
        from flows.runners.dask_cluster import dask_runner

        return dask_runner(settings)


def settings_runner() -> Any:
    """Return a task runner for the definition of a flow."""
    return SettingsTaskRunner()
