"""Metrics of a ledger with known rows, and of sources that are away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import insert

from flows.metrics.collect import SondeflowCollector
from flows.metrics.server import MetricsApp
from flows.prefect_api.local_only import LocalOnly
from tasks.ledger import open_ledger
from tasks.ledger.schema import observations, scorings
from tasks.settings import Settings

ROWS = [("published", 1), ("published", 30), ("quarantined", 2), ("failed", 40), ("claimed", 0)]


@pytest.fixture
def settings(tmp_path) -> Settings:
    """An installation whose ledger knows five files and one that waits for an hour; ages in hours."""
    settings, now = Settings(home=tmp_path), datetime.now(UTC)
    fixed = {"model": "m", "version": "1", "source": "", "owner": "", "token": "", "attempts": 1}
    rows = [
        {**fixed, "sha256": f"{number:064}", "state": state, "claimed_at": (now - timedelta(hours=age)).isoformat()}
        for number, (state, age) in enumerate(ROWS)
    ]
    seen = {"path": "w.las", "stamp": "", "boot": "", "clock": 0.0, "seen_at": now.isoformat(), "sha256": "f" * 64}
    waiting = {"path_sha256": "p", "state": "stable", "first_seen": (now - timedelta(hours=1)).isoformat(), **seen}
    with open_ledger(settings.ledger_url).begin() as connection:
        for row in rows:
            connection.execute(insert(scorings).values(outputs=[], hashes={}, timings={}, **row))
        connection.execute(insert(observations).values(waiting))
    return settings


def _read(registry: CollectorRegistry) -> dict[str, float]:
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def _registry(settings: Settings, api: str = "") -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SondeflowCollector(settings, api))
    return registry


def test_files_are_counted_by_outcome_and_day(settings):
    found = _read(_registry(settings))
    assert {name: value for name, value in found.items() if name.startswith("sondeflow_files")} == {
        'sondeflow_files{outcome="published"}': 2,
        'sondeflow_files{outcome="quarantined"}': 1,
        'sondeflow_files{outcome="failed"}': 1,
        'sondeflow_files_last_day{outcome="published"}': 1,
        'sondeflow_files_last_day{outcome="quarantined"}': 1,
        'sondeflow_files_last_day{outcome="failed"}': 0,
        "sondeflow_files_waiting": 1,
        "sondeflow_files_in_progress": 1,
    }
    assert 3600 <= found["sondeflow_oldest_waiting_seconds"] < 3700
    assert found['sondeflow_disk_free_bytes{folder="home"}'] > 0
    assert found['sondeflow_database_bytes{database="ledger.db"}'] > 0


def test_a_source_that_is_away_costs_its_own_metrics_only(settings):
    found = _read(_registry(settings, "http://127.0.0.1:9/api"))
    assert found['sondeflow_source_up{source="prefect"}'] == 0
    assert found['sondeflow_source_up{source="ledger"}'] == 1
    broken = Settings(home=settings.home, ledger_url="sqlite:////proc/none/ledger.db")
    found = _read(_registry(broken))
    assert found['sondeflow_source_up{source="ledger"}'] == 0
    assert 'sondeflow_disk_free_bytes{folder="home"}' in found


@pytest.mark.parametrize(
    ("method", "path", "host", "status"),
    [
        ("GET", "/metrics", b"127.0.0.1:9464", 200),
        ("GET", "/metrics", b"metrics:9464", 200),
        ("GET", "/metrics", b"evil.example", 403),
        ("POST", "/metrics", b"127.0.0.1:9464", 405),
        ("DELETE", "/metrics", b"127.0.0.1:9464", 405),
        ("GET", "/", b"127.0.0.1:9464", 404),
    ],
)
def test_the_server_reads_only_and_answers_known_hosts_only(settings, method, path, host, status):
    sent = []

    async def send(message) -> None:
        sent.append(message)

    app = LocalOnly(MetricsApp(_registry(settings)), 9464, frozenset({"metrics"}))
    scope = {"type": "http", "method": method, "path": path, "headers": [(b"host", host)]}
    asyncio.run(app(scope, None, send))
    assert sent[0]["status"] == status
    assert (b"sondeflow_files" in sent[1]["body"]) == (status == 200)
