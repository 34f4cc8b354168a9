"""Settings of Dask clusters that cannot work are refused before anything starts, with the remedy."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from typing import Any

import cloudpickle
import pytest
from prefect import Task
from prefect.settings import PREFECT_API_URL, temporary_settings

from aemodels.core.errors import SpecError
from flows.environment import task_runner
from flows.runners.dask_cluster import dask_runner, local_cluster
from flows.runners.dask_workers import dask_workers
from tasks.settings import Settings

SCHEDULER = "tcp://127.0.0.1:8786"
ELSEWHERE = "tls://scheduler.example:8786"


@pytest.fixture
def settings(tmp_path):
    """Return a function that makes settings for Dask."""

    def make(**more: object) -> Settings:
        return Settings(home=tmp_path, task_runner="dask", **more)

    return make


@pytest.fixture
def certificates(tmp_path):
    """Return the three settings of TLS, with files that exist."""
    names = ("dask_tls_ca", "dask_tls_cert", "dask_tls_key")
    for name in names:
        (tmp_path / name).touch()
    return {name: tmp_path / name for name in names}


@pytest.fixture
def server():
    """Name a Prefect server, which nothing asks here."""
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:4200/api"}):
        yield


def _tasks() -> list[Any]:
    """Return every task that a flow submits or calls."""
    import flows

    found = {}
    for module in pkgutil.iter_modules(flows.__path__, "flows."):
        if not module.ispkg and not module.name.endswith("__main__"):
            tasks = (value for value in vars(importlib.import_module(module.name)).values() if isinstance(value, Task))
            found |= {task.name: task for task in tasks}
    return list(found.values())


def test_every_task_can_be_sent_to_a_worker():
    tasks = _tasks()
    assert {"score-batch", "line-step", "ingest-batch", "fit"} <= {task.name for task in tasks}
    for task in tasks:
        assert cloudpickle.loads(cloudpickle.dumps(task)).name == task.name


def test_a_missing_library_is_named_with_its_extra(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "prefect_dask", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'sondeflow[dask]'")):
        task_runner(settings())


def test_workers_of_this_machine_by_default(settings):
    runner = task_runner(settings(workers=3))
    assert (runner.cluster_class, runner.cluster_kwargs) == (local_cluster, {"workers": 3})
    assert not runner.adapt_kwargs


def test_their_number_follows_the_work_if_a_minimum_is_set(settings):
    runner = dask_runner(settings(workers=4, dask_minimum=1))
    assert runner.adapt_kwargs == {"minimum": 1, "maximum": 4}
    assert runner.cluster_kwargs == {"workers": 1, "share": 4}
    with pytest.raises(SpecError, match="SONDEFLOW_DASK_MINIMUM is 5; expected at most SONDEFLOW_WORKERS, which is 4"):
        dask_runner(settings(workers=4, dask_minimum=5))


def test_a_scheduler_needs_a_server_of_prefect(settings):
    with temporary_settings({PREFECT_API_URL: None}), pytest.raises(SpecError, match="set PREFECT_API_URL"):
        dask_runner(settings(dask_scheduler=SCHEDULER))


@pytest.mark.usefixtures("server")
def test_a_scheduler_is_taken_as_it_is(settings):
    assert dask_runner(settings(dask_scheduler=SCHEDULER)).address == SCHEDULER
    with pytest.raises(SpecError, match="SONDEFLOW_DASK_MINIMUM is for workers that sondeflow starts"):
        dask_runner(settings(dask_scheduler=SCHEDULER, dask_minimum=1))


@pytest.mark.usefixtures("server")
def test_a_scheduler_elsewhere_needs_a_ledger_that_machines_can_share(settings, certificates):
    with pytest.raises(SpecError, match="set SONDEFLOW_LEDGER_URL to a PostgreSQL database"):
        dask_runner(settings(dask_scheduler=ELSEWHERE, **certificates))
    runner = dask_runner(settings(dask_scheduler=ELSEWHERE, ledger_url="postgresql://u@h/ledger", **certificates))
    security = runner.client_kwargs["security"]
    assert security.require_encryption
    assert security.tls_client_key == str(certificates["dask_tls_key"])


@pytest.mark.usefixtures("server")
def test_tls_needs_all_its_files_and_an_address_that_says_so(settings, certificates):
    local = ELSEWHERE.replace("scheduler.example", "127.0.0.1")
    with pytest.raises(SpecError, match="needs SONDEFLOW_DASK_TLS_CA"):
        dask_runner(settings(dask_scheduler=local))
    with pytest.raises(SpecError, match="begins with tls://"):
        dask_runner(settings(dask_scheduler=SCHEDULER, **certificates))
    with pytest.raises(SpecError, match="set all three or none"):
        dask_runner(settings(dask_scheduler=local, dask_tls_ca=certificates["dask_tls_ca"]))
    with pytest.raises(SpecError, match="which is not set"):
        dask_runner(settings(**certificates))
    certificates["dask_tls_key"].unlink()
    with pytest.raises(SpecError, match=r"dask_tls_key is named by .* expected a PEM file"):
        dask_runner(settings(dask_scheduler=local, **certificates))


def test_a_command_without_a_server_refuses_the_same(settings, certificates, monkeypatch):
    with pytest.raises(SpecError, match="which is not set"), dask_workers(settings(**certificates)):
        pass
    contradiction = settings(workers=4, dask_minimum=5)
    with pytest.raises(SpecError, match="expected at most SONDEFLOW_WORKERS"), dask_workers(contradiction):
        pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'sondeflow[dask]'")), dask_workers(settings()):
        pass


@pytest.mark.slow
def test_a_worker_that_ends_slowly_is_not_killed(tmp_path):
    """Dask allows four seconds, which is too little for a gigabyte to be freed on a busy machine."""
    from distributed import Client, WorkerPlugin

    ended = tmp_path / "ended"

    class Slow(WorkerPlugin):
        def teardown(self, worker):
            import time

            time.sleep(5)
            ended.touch()

    with local_cluster(1, prefect=False) as cluster, Client(cluster) as client:
        client.register_plugin(Slow())
    assert ended.exists()
