"""Prefect's database stays bounded: old runs, logs, pages and events are removed, and space returns to the disk."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from helpers.paths import ROOT

IDLE_RUNS = """
from tasks.settings import Settings
from flows.environment import prepare_environment, run_flow
prepare_environment(Settings())
from flows.score import score
for _ in range(3):
    run_flow(score, Settings())
"""
TABLES = ("flow_run", "flow_run_state", "task_run", "log", "artifact", "events", "event_resources")


def run(home: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SONDEFLOW_"))}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment, "SONDEFLOW_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def counts(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as connection:
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in TABLES}


def change(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.slow  # starts Prefect's temporary servers
def test_old_runs_and_events_of_prefect_are_removed_and_recent_ones_stay(tmp_path):
    (tmp_path / "inbox").mkdir()
    run(tmp_path, "-c", IDLE_RUNS)
    database = tmp_path / "prefect" / "prefect.db"
    recent = counts(database)
    assert recent["flow_run"] == 3
    old = "'2020-01-01 00:00:00.000000'"
    change(
        database,
        f"UPDATE flow_run SET end_time = {old}",
        f"UPDATE events SET occurred = {old}",
        f"UPDATE event_resources SET occurred = {old}",
        "CREATE TABLE ballast AS SELECT hex(randomblob(4000000)) AS filling",
        "DROP TABLE ballast",
    )
    run(tmp_path, "-c", IDLE_RUNS)
    before, size = counts(database), database.stat().st_size
    assert before["flow_run"] == 6

    rehearsed = json.loads(run(tmp_path, "-m", "flows", "maintain", "--dry-run", "--json"))
    assert counts(database) == before
    report = json.loads(run(tmp_path, "-m", "flows", "maintain", "--json"))
    items = [
        next(step["items"] for step in one["removed"] if step["what"] == "runs and events of Prefect")
        for one in (rehearsed, report)
    ]
    assert items[0] == items[1] >= 3
    after = counts(database)
    assert after["flow_run"] == 3
    for table in ("log", "artifact", "flow_run_state", "task_run"):
        assert after[table] == before[table] - recent[table], table
    with closing(sqlite3.connect(database)) as connection:
        old_events = connection.execute("SELECT count(*) FROM events WHERE occurred < '2021'").fetchone()[0]
    assert old_events == 0
    assert after["events"] > 0
    assert database.stat().st_size < size - 4_000_000
    part = next(part for part in report["sizes"] if part["part"] == "Prefect")
    assert part["after"] < part["before"]
    assert report["clock"] == ""
