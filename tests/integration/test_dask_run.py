"""Scoring on a real Dask cluster of processes, reached by TLS: the results of threads, also if a worker is killed."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from aemodels.io.segy.reader import read_segy
from aemodels.io.segy.writer import write_segy
from helpers.cheap_bundle import cheap_line_bundle, fill, save_cheap_bundle
from helpers.fault_fixtures import Site, judge, snapshot
from helpers.recordings import make_line
from tasks.ledger import Identity, entries, open_ledger, registered_owners
from tasks.scoring.request import ScoreRequest
from tasks.settings import Settings

pytest_plugins = ("helpers.flow_fixtures",)

FILES, BATCH, WORKERS = 18, 3, 2


@pytest.fixture(scope="module")
def cluster(prefect_server, tmp_path_factory):
    """Settings that name the scheduler of a cluster with two workers and its certificates, and the cluster."""
    from flows.runners.dask_cluster import local_cluster

    folder = tmp_path_factory.mktemp("certificates")
    with local_cluster(WORKERS) as cluster:
        secrets = cluster.security.get_tls_config_for_role("client")
        names = {"dask_tls_ca": "ca_file", "dask_tls_cert": "cert", "dask_tls_key": "key"}
        for setting, name in names.items():
            (folder / setting).write_text(secrets[name])
        files = {setting: str(folder / setting) for setting in names}
        yield {"task_runner": "dask", "dask_scheduler": cluster.scheduler_address, **files}, cluster


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """An inbox of generated wells and one unreadable file, a bundle, and its listing."""
    folder = tmp_path_factory.mktemp("dask-field")
    fill(folder / "inbox", FILES - 1)
    (folder / "inbox" / "letter.las").write_text("Dear all,\n")
    return folder, save_cheap_bundle(folder / "bundle"), snapshot(folder / "inbox")


def _run(field, name: str, deployed: bool = False, **options: object):
    """Score the inbox into an outbox and ledger of its own; the site, the ledger, and the flow's summary.

    A deployment calls the flow itself; the command line gives it the runner of the settings.
    """
    from flows.environment import run_flow
    from flows.score import score

    folder, bundle, _ = field
    site = Site(folder / name, f"sqlite:///{folder / name}/ledger.db", bundle, name)
    site.folder.mkdir(exist_ok=True)
    (site.folder / "inbox").symlink_to(folder / "inbox")
    request = ScoreRequest(inbox=str(folder / "inbox"), outbox=str(site.outbox), bundle=str(bundle), settle_seconds=0)
    named = {"home": site.folder / "home", "ledger_url": site.ledger_url, "batch": BATCH, "workers": WORKERS, **options}
    with pytest.MonkeyPatch.context() as patch:
        for key, value in named.items():
            patch.setenv(f"SONDEFLOW_{key.upper()}", str(value))
        summary = score(request) if deployed else run_flow(score, Settings(), request=request)
        return site, open_ledger(site.ledger_url), summary


@pytest.fixture(scope="module")
def by_threads(field):
    return _run(field, "threads")


@pytest.fixture(scope="module")
def by_dask(field, cluster):
    return _run(field, "dask", **cluster[0])


def _rows(site: Site, ledger) -> list[tuple]:
    """What the ledger says of each content, without times and the names of workers."""
    return sorted(
        (row.sha256, row.model, row.version, row.spec_hash, row.state, row.attempts, row.failures, row.reason,
         sorted(os.path.relpath(path, site.outbox) for path in row.outputs))
        for row in entries(ledger)
    )  # fmt: skip


def test_scores_and_ledger_are_those_of_threads(field, by_threads, by_dask):
    site, ledger, summary = by_dask
    assert (summary.scored, summary.quarantined, summary.skipped) == (FILES - 1, 1, 0)
    assert _rows(site, ledger) == _rows(by_threads[0], by_threads[1])
    judge(site, "none", field[2], by_threads[0].outbox)


def test_a_worker_loads_its_models_once_in_a_run(by_dask):
    owners = Counter(row.owner for row in entries(by_dask[1]))
    assert len(owners) == WORKERS, "a session that is opened again has another owner"
    assert min(owners.values()) > BATCH, "no worker got a second batch"


def test_the_run_says_which_worker_did_what(by_dask):
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import LogSort

    async def lines() -> list[str]:
        async with get_client() as client:
            newest = await client.read_logs(limit=200, sort=LogSort.TIMESTAMP_DESC)  # the server has those of others
            return [log.message for log in newest if ": 3 files in " in log.message]

    until = time.monotonic() + 30
    while len(told := [line for line in asyncio.run(lines()) if line.startswith("worker ")]) < FILES // BATCH:
        assert time.monotonic() < until, f"workers send their logs within seconds; got {told}"
        time.sleep(0.5)
    assert len({line.split(":")[0] for line in told}) == WORKERS


def test_nobody_else_gets_into_the_cluster(cluster):
    from distributed import Client

    running = cluster[1]
    with pytest.raises(OSError), Client(running.scheduler_address.replace("tls", "tcp"), timeout=2):
        pass
    ports = [running.scheduler.http_server.port]
    ports += [worker.services["dashboard"] for worker in running.scheduler.workers.values()]
    for port in ports:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/info/main/workers.html", timeout=5)


def _kill_once(due: Callable[[], int | None]) -> tuple[threading.Thread, list[int]]:
    """Kill the process that a function names as soon as it names one; the thread that waits for it, and the process."""
    killed: list[int] = []

    def wait() -> None:
        until = time.monotonic() + 120
        while not killed and time.monotonic() < until:
            if (process := due()) is not None:
                killed.append(process)
                os.kill(process, 9)
            time.sleep(0.01)

    killer = threading.Thread(target=wait)
    killer.start()
    return killer, killed


def test_a_killed_worker_loses_nothing_and_doubles_nothing(field, by_threads, cluster):
    """The worker that has claimed files when the first are published is killed; its nanny starts another."""
    ledger = open_ledger(f"sqlite:///{field[0]}/killed/ledger.db")

    def busy() -> int | None:
        rows = entries(ledger)
        held = [Identity.parse(row.owner) for row in rows if row.state in {"claimed", "scored"}]
        published = any(row.state == "published" for row in rows)
        return int(held[0].process.partition("@")[0]) if held and held[0] and published else None

    killer, killed = _kill_once(busy)
    site, ledger, summary = _run(field, "killed", deployed=True, **cluster[0])
    killer.join()
    assert killed, "no worker was busy when it should be killed"
    assert summary.files == FILES
    assert not summary.failed + summary.left
    judge(site, "worker killed", field[2], by_threads[0].outbox)
    assert max(row.attempts for row in entries(ledger)) == 2, "the files that the killed worker held"
    assert not any(f"|{killed[0]}@" in owner for owner in registered_owners(ledger))


@pytest.mark.slow
def test_a_large_line_is_scored_by_all_workers_one_of_which_is_killed(tmp_path, cluster):
    """Twelve ranges; the result is that of one process, and the ranges that were finished are not scored again."""
    (tmp_path / "inbox").mkdir()
    write_segy(make_line(traces=1200, samples=100, seed=3), tmp_path / "inbox" / "line.sgy")
    bundle = tmp_path / "bundle"
    cheap_line_bundle().save(bundle)
    place = (tmp_path, bundle, snapshot(tmp_path / "inbox"))
    whole, _, _ = _run(place, "whole")

    def busy() -> int | None:
        finished = list((tmp_path / "ranged" / "home" / "ranges").glob("*/*.json"))
        running = [worker for worker in cluster[1].workers.values() if worker.process and worker.process.pid]
        return running[0].process.pid if len(finished) > 3 and running else None

    killer, killed = _kill_once(busy)
    ranged, _, summary = _run(place, "ranged", max_whole_bytes=1000, range_traces=100, **cluster[0])
    killer.join()
    assert killed, "no worker was busy when it should be killed"
    assert (summary.scored, summary.outcomes[0].rows) == (1, 1200)
    judge(ranged, "worker killed, one line", place[2], None)
    copies = [read_segy(next(site.outbox.rglob("*.sgy"))).values for site in (whole, ranged)]
    np.testing.assert_allclose(copies[1], copies[0], rtol=1e-5, atol=1e-5)
    tables = [pq.read_table(next(site.outbox.rglob("*.parquet"))).to_pandas() for site in (whole, ranged)]
    pd.testing.assert_frame_equal(tables[1], tables[0], rtol=1e-5)
    assert list((tmp_path / "ranged" / "home" / "ranges").iterdir()) == []
