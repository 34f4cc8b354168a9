"""Settings of Prefect, MLflow and TensorFlow to make before their import, and the start of a flow."""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aemodels.core.stopping import forget_stop
from flows.prefect_api.password import set_password
from flows.prefect_api.temporary import protect_temporary_servers, shared_server
from tasks.settings import Settings
from tasks.storage.folders import private_folder

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.task_runners import TaskRunner

DAY = 86_400  # s


def prepare_environment(settings: Settings) -> None:
    """Quiet, local defaults for the libraries; whatever the user has set stays.

    Args:
        settings: names the folder of Prefect's own files.
    """
    defaults = {
        "PREFECT_HOME": str(settings.prefect_dir),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",  # the server still gets what flows say
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # its server removes what is old every hour, and `maintain` does; an idle run adds 46 kB
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": f"PT{round(settings.keep_runs_days * DAY)}S",
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"PT{round(settings.keep_events_days * DAY)}S",
        "DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        "MPLBACKEND": "Agg",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    private_folder(settings.home)
    set_password(settings, os.environ)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # warns of each newly traced network
    Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)  # its server does not make it


def task_runner(settings: Settings) -> TaskRunner[Any]:
    """Return the task runner that the settings name.

    Raises:
        ImportError: if "dask" is asked for and prefect-dask is not installed.
        SpecError: if settings of Dask are missing or contradict each other.
    """
    if settings.task_runner == "threads":
        from flows.runners.stoppable_threads import StoppableThreads

        return StoppableThreads(max_workers=settings.workers)
    from flows.runners.dask_cluster import dask_runner

    return dask_runner(settings)


def run_flow(flow: Flow[..., Any], settings: Settings, **parameters: Any) -> Any:
    """Run a flow in this process with the settings' task runner; its steps are reported on stderr.

    Without PREFECT_API_URL, Prefect gets a temporary server with a password, for this machine only.
    """
    from flows.step_lines import step_lines

    protect_temporary_servers()
    forget_stop()
    _let_interrupts_wake()
    runner = task_runner(settings)
    with step_lines(), shared_server() if settings.task_runner == "dask" else nullcontext():
        return flow.with_options(task_runner=runner)(**parameters)


def _let_interrupts_wake() -> None:
    """Let Ctrl-C wake a flow that waits for its tasks.

    polars, which MLflow imports where it is installed, sets a handler after which a waiting thread sleeps on, so that
    Ctrl-C would be noticed when the training is over.
    """
    if threading.current_thread() is threading.main_thread():
        signal.siginterrupt(signal.SIGINT, True)
