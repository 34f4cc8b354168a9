"""Scoring while Prefect's own database is locked by another program: delayed, but nothing is lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helpers.cheap_bundle import fill, save_cheap_bundle
from helpers.paths import ROOT
from tasks.ledger import entries, open_ledger

FLOW = """
import sys
from tasks.settings import Settings
from flows.environment import prepare_environment, run_flow
settings = Settings()
prepare_environment(settings)
from flows.score import score
from tasks.scoring.request import ScoreRequest
run_flow(score, settings, request=ScoreRequest(bundle=sys.argv[1], settle_seconds=0))
"""
LOCKED_SECONDS = 12.0


def run_flow(home: Path, bundle: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SONDEFLOW_"))}
    return subprocess.run(
        [sys.executable, "-c", FLOW, str(bundle)],
        cwd=ROOT,
        env={**kept, "SONDEFLOW_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


@pytest.mark.slow  # starts Prefect's temporary servers
def test_a_lock_on_prefects_database_delays_a_run_and_loses_nothing(tmp_path):
    bundle = save_cheap_bundle(tmp_path / "bundle")
    home = tmp_path / "home"
    fill(home / "inbox", 2)
    assert run_flow(home, bundle).returncode == 0
    fill(home / "inbox", 4, first=10)
    locked, ended = threading.Event(), threading.Event()

    def lock_again_and_again() -> None:
        """Hold the database as a backup program or a long deletion would, with short pauses."""
        while not ended.is_set():
            connection = sqlite3.connect(home / "prefect" / "prefect.db", timeout=60, isolation_level=None)
            connection.execute("BEGIN IMMEDIATE")
            locked.set()
            ended.wait(LOCKED_SECONDS)
            connection.execute("ROLLBACK")
            connection.close()
            ended.wait(1.0)

    locker = threading.Thread(target=lock_again_and_again)
    locker.start()
    locked.wait(60)
    done = run_flow(home, bundle)
    ended.set()
    locker.join()
    rows = entries(open_ledger(f"sqlite:///{home}/ledger.db"))
    if done.returncode != 0:  # a run may fail at its record; what it has not scored is scored by the next one
        assert run_flow(home, bundle).returncode == 0
        rows = entries(open_ledger(f"sqlite:///{home}/ledger.db"))
    assert [row.state for row in rows] == ["published"] * 6
    assert len({row.sha256 for row in rows}) == 6
    assert len(list((home / "outbox" / "scores").rglob("*.parquet"))) == 6
