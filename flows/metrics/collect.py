"""Values of the metrics: files from the ledger, runs and workers from Prefect, sizes from the disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.registry import Collector

from flows.prefect_api.password import CLIENT
from flows.server.deployments import POOL
from tasks.ledger import open_ledger
from tasks.ledger.counts import count_files, database_sizes
from tasks.settings import Settings

SECONDS = 10.0  # patience with Prefect's API
FLOWS = ("score", "monitor", "ingest", "promote", "train")


class SondeflowCollector(Collector):
    """Collector of Prometheus' client library.

    A source that cannot be asked costs its own metrics only: `sondeflow_source_up` says which.

    Args:
        settings: names ledger and folders.
        api: address of Prefect's API; "" if there is none.
    """

    def __init__(self, settings: Settings, api: str) -> None:
        self._settings, self._api = settings, api

    def collect(self) -> Iterator[Gauge]:
        """Yield all metrics; called at each request."""
        up = Gauge("sondeflow_source_up", "1 if the source of these metrics could be asked.", labels=["source"])
        sources: dict[str, Callable[[], list[Gauge]]] = {"ledger": self._files, "disk": self._disk}
        if self._api:
            sources["prefect"] = self._prefect
        for name, source in sources.items():
            try:
                found = source()
            except Exception:  # noqa: BLE001 - whatever fails, the other metrics are still wanted
                up.add_metric([name], 0)
            else:
                up.add_metric([name], 1)
                yield from found
        yield up

    def _files(self) -> list[Gauge]:
        now = datetime.now(UTC)
        engine = open_ledger(self._settings.ledger_url)
        counts = count_files(engine, (now - timedelta(days=1)).isoformat())
        ever = Gauge("sondeflow_files", "Files by outcome, of all time.", labels=["outcome"])
        recent = Gauge("sondeflow_files_last_day", "Files by outcome, of the last 24 hours.", labels=["outcome"])
        for family, by_outcome in ((ever, counts.ever), (recent, counts.recent)):
            for outcome, count in by_outcome.items():
                family.add_metric([outcome], count)
        oldest = 0.0 if counts.oldest_waiting is None else _age(counts.oldest_waiting, now)
        sizes = Gauge("sondeflow_database_bytes", "Size of a database.", labels=["database"])
        for name, size in {**_sqlite_sizes(self._settings), **database_sizes(engine)}.items():
            sizes.add_metric([name], size)
        return [
            ever,
            recent,
            Gauge("sondeflow_files_waiting", "Files in the inbox that nothing has scored.", value=counts.waiting),
            Gauge("sondeflow_files_in_progress", "Files that are being scored.", value=counts.in_progress),
            Gauge("sondeflow_oldest_waiting_seconds", "Age of the file that waits longest; 0 if none.", value=oldest),
            sizes,
        ]

    def _disk(self) -> list[Gauge]:
        free = Gauge("sondeflow_disk_free_bytes", "Free space where a folder lies.", labels=["folder"])
        for name in ("home", "inbox", "outbox"):
            place = getattr(self._settings, name)
            if isinstance(place, Path) and place.exists():
                free.add_metric([name], shutil.disk_usage(place).free)
        return [free]

    def _prefect(self) -> list[Gauge]:
        login = os.environ.get(CLIENT, "").partition(":")
        with httpx.Client(base_url=self._api, auth=(login[0], login[2]), timeout=SECONDS) as client:
            now = datetime.now(UTC)
            return [_run_ages(client, now), _late(client), _failed(client, now), *_workers(client, now)]


def _run_ages(client: httpx.Client, now: datetime) -> Gauge:
    """Return the ages of the last completed runs."""
    ages = Gauge(
        "sondeflow_last_completed_run_seconds", "Time since a flow's last completed run ended.", labels=["flow"]
    )
    for flow in FLOWS:
        done = {"flows": {"name": {"any_": [flow]}}, "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
        runs = _ask(client, "/flow_runs/filter", {**done, "sort": "END_TIME_DESC", "limit": 1})
        if runs and runs[0]["end_time"]:
            ages.add_metric([flow], _age(runs[0]["end_time"], now))
    return ages


def _late(client: httpx.Client) -> Gauge:
    count = _ask(client, "/flow_runs/count", {"flow_runs": {"state": {"name": {"any_": ["Late"]}}}})
    return Gauge("sondeflow_late_runs", "Scheduled runs that are overdue and have not started.", value=count)


def _failed(client: httpx.Client, now: datetime) -> Gauge:
    since = (now - timedelta(days=1)).isoformat()
    states = Gauge("sondeflow_runs_last_day", "Runs of the last 24 hours by their state.", labels=["state"])
    for state in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED", "RUNNING"):
        which = {"state": {"type": {"any_": [state]}}, "expected_start_time": {"after_": since}}
        states.add_metric([state.lower()], _ask(client, "/flow_runs/count", {"flow_runs": which}))
    return states


def _workers(client: httpx.Client, now: datetime) -> list[Gauge]:
    workers = _ask(client, f"/work_pools/{POOL}/workers/filter", {})
    ages = [_age(worker["last_heartbeat_time"], now) for worker in workers if worker["last_heartbeat_time"]]
    online = sum(worker["status"] == "ONLINE" for worker in workers)
    found = [Gauge("sondeflow_workers_online", "Workers that send heartbeats.", value=online)]
    if ages:
        text = "Time since the latest heartbeat of any worker."
        found.append(Gauge("sondeflow_worker_heartbeat_age_seconds", text, value=min(ages)))
    return found


def _sqlite_sizes(settings: Settings) -> dict[str, int]:
    """Return the sizes of the databases that are files, by the names of the files."""
    files = (settings.home / "ledger.db", settings.home / "mlflow.db", settings.prefect_dir / "prefect.db")
    return {path.name: path.stat().st_size for path in files if path.is_file()}


def _age(moment: str, now: datetime) -> float:
    return max(0.0, (now - datetime.fromisoformat(moment.replace("Z", "+00:00"))).total_seconds())


def _ask(client: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    reply = client.post(path, json=body)
    reply.raise_for_status()
    return reply.json()
