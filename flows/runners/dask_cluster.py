"""Dask clusters for the tasks of a flow: workers of this machine, or those of an existing scheduler.

The optional extra `dask` is imported only if the settings ask for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aemodels.core.errors import SpecError
from tasks.address import LOCAL_NAMES
from tasks.settings import Settings

if TYPE_CHECKING:
    from prefect.task_runners import TaskRunner

PRELOAD = "flows.prefect_api.dask_workers"
HOST = "127.0.0.1"
# Pages of scheduler and workers need no password and show what runs, so none are served.
NO_PAGES: dict[str, list[str]] = {"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}
# What Dask looks at between tasks, up to 100 times a second in each process, for those pages and for memory. It takes
# a twelfth of a core with two workers, and a worker here holds little: the processes that score watch their own memory.
SELDOM: dict[str, object] = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",
}


def dask_runner(settings: Settings) -> TaskRunner[Any]:
    """Return the task runner of a Dask cluster: the scheduler that the settings name, else one of this machine.

    Raises:
        ImportError: if prefect-dask is not installed.
        SpecError: if settings are missing or contradict each other.
    """
    try:
        from prefect_dask import DaskTaskRunner
    except ImportError as error:
        raise ImportError(
            "SONDEFLOW_TASK_RUNNER is 'dask' and prefect-dask is not installed; pip install 'sondeflow[dask]', "
            "or set it to 'threads'"
        ) from error
    named = bool(settings.dask_scheduler)
    runner: TaskRunner[Any] = DaskTaskRunner(**(_existing(settings) if named else of_this_machine(settings)))
    return runner


def _existing(settings: Settings) -> dict[str, Any]:
    """Return the options of a task runner that uses the scheduler of the settings."""
    _check_scheduler(settings)
    return {"address": settings.dask_scheduler, "client_kwargs": _security_of(settings)}


def of_this_machine(settings: Settings) -> dict[str, Any]:
    """Return the options of a task runner that starts workers, as many as the settings say or as the work needs.

    Raises:
        SpecError: if settings contradict each other.
    """
    if _tls_files(settings):
        raise SpecError(
            "SONDEFLOW_DASK_TLS_CA, _CERT and _KEY are for the scheduler of SONDEFLOW_DASK_SCHEDULER, which is not "
            "set; workers that sondeflow starts itself use certificates of their own"
        )
    least, most = settings.dask_minimum, settings.workers
    if least is None:
        return {"cluster_class": local_cluster, "cluster_kwargs": {"workers": most}}
    if least > most:
        raise SpecError(f"SONDEFLOW_DASK_MINIMUM is {least}; expected at most SONDEFLOW_WORKERS, which is {most}")
    return {
        "cluster_class": local_cluster,
        "cluster_kwargs": {"workers": least, "share": most},
        "adapt_kwargs": {"minimum": least, "maximum": most},
    }


def local_cluster(workers: int, share: int | None = None, *, prefect: bool = True) -> Any:
    """Start a Dask cluster of single-threaded processes on this machine, for this process only.

    Scheduler and workers listen on 127.0.0.1; whoever connects needs a certificate that is made for this cluster and
    never written to disk.

    Args:
        workers: number of processes at the start.
        share: number of processes that share the memory later, if it may grow; default: `workers`.
        prefect: workers run tasks of Prefect, and need the address of its server.

    Returns:
        A `distributed.LocalCluster`.
    """
    import dask
    from distributed import LocalCluster
    from distributed.system import MEMORY_LIMIT

    from flows.runners.dask_nanny import PatientNanny

    share = share or workers
    dask.config.set({**NO_PAGES, **SELDOM})  # for good: workers that are started later take it over
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        worker_class=PatientNanny,
        memory_limit=MEMORY_LIMIT // share,
        host=HOST,
        security=True,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": f"{HOST}:0"},
        preload=[PRELOAD],
        env=_environment(prefect=prefect),
    )


def _environment(*, prefect: bool) -> dict[str, str]:
    """Return what workers need of the environment beside that of this process: Prefect's address, and single threads.

    Dask sets the other numbers of threads to 1; one that the user has set stays.
    """
    threads = {"TF_NUM_INTRAOP_THREADS": os.environ.get("TF_NUM_INTRAOP_THREADS", "1")}
    if not prefect:
        return threads
    from prefect.settings import get_current_settings

    address = get_current_settings().api.url
    # without an address each worker would start a server of its own
    return {**threads, "PREFECT_API_URL": address or "", "PREFECT_SERVER_EPHEMERAL_ENABLED": "false"}


def _check_scheduler(settings: Settings) -> None:
    """Check what workers of an existing scheduler need.

    Raises:
        SpecError: if they could not reach Prefect or the ledger, or the connection has no certificate.
    """
    from prefect.settings import PREFECT_API_URL

    scheme, host = urlsplit(settings.dask_scheduler).scheme, urlsplit(settings.dask_scheduler).hostname
    if not PREFECT_API_URL.value():
        # each of its workers would start a server of Prefect's own, without a password
        raise SpecError("SONDEFLOW_DASK_SCHEDULER needs a Prefect server: set PREFECT_API_URL, here and there")
    if settings.dask_minimum is not None:
        raise SpecError(
            "SONDEFLOW_DASK_MINIMUM is for workers that sondeflow starts; those of SONDEFLOW_DASK_SCHEDULER are "
            "started and stopped by whoever runs it; unset one of the two"
        )
    if host not in LOCAL_NAMES and settings.ledger_url.reveal().startswith("sqlite"):
        raise SpecError(
            f"SONDEFLOW_DASK_SCHEDULER is {settings.dask_scheduler} and the ledger is a SQLite file, which workers of "
            "other machines cannot share; set SONDEFLOW_LEDGER_URL to a PostgreSQL database (a scheduler of this "
            f"machine alone is named by {HOST})"
        )
    if bool(_tls_files(settings)) != (scheme == "tls"):
        raise SpecError(
            f"SONDEFLOW_DASK_SCHEDULER is {settings.dask_scheduler}; tls://HOST:PORT needs SONDEFLOW_DASK_TLS_CA, "
            "_CERT and _KEY, and they need an address that begins with tls://"
        )


def _tls_files(settings: Settings) -> dict[str, str]:
    """Return the certificate files by their names in Dask; {} if none are set.

    Raises:
        SpecError: if only some are set, or one is not there.
    """
    given = {
        "tls_ca_file": settings.dask_tls_ca,
        "tls_client_cert": settings.dask_tls_cert,
        "tls_client_key": settings.dask_tls_key,
    }
    files = {name: path for name, path in given.items() if path is not None}
    if files and len(files) < len(given):
        raise SpecError("SONDEFLOW_DASK_TLS_CA, _CERT and _KEY belong together; set all three or none")
    for path in files.values():
        if not path.is_file():
            raise SpecError(f"{path} is named by SONDEFLOW_DASK_TLS_CA, _CERT or _KEY; expected a PEM file there")
    return {name: str(path) for name, path in files.items()}


def _security_of(settings: Settings) -> dict[str, Any]:
    """Return the options of a Dask client that takes part in TLS; {} without certificates."""
    files = _tls_files(settings)
    if not files:
        return {}
    from distributed.security import Security

    return {"security": Security(require_encryption=True, **files)}
