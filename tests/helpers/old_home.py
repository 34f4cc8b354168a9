"""A home after years of use: old results, quarantine, caches, logs, records, and much in both databases."""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from contextlib import closing
from pathlib import Path

from helpers.cheap_bundle import fill
from helpers.installation import make_champion
from helpers.recordings import make_well
from tasks.maintenance.removal import DAY
from tasks.scoring.inbox import score_inbox
from tasks.scoring.request import ScoreRequest
from tasks.settings import Settings
from tasks.storage.refs import save_recording
from tasks.tracking import RunSpec, connect, download_bundle, get, tracked_run

LONG_AGO = time.time() - 1000 * DAY
OLD = "2020-01-01 00:00:00.000000"
BYTES = 100_000  # of every file of no content


def make_old_home(settings: Settings, folder: Path, *, files: int, versions: int) -> None:
    """Make a home in which each of several champions in turn has scored all files, and nothing was ever removed.

    Args:
        settings: of the home; Prefect's database in it must hold at least one run.
        folder: for bundles.
        files: wells in the inbox, and letters that no version can read.
        versions: champions.
    """
    fill(settings.inbox, files)
    for number in range(files):
        (settings.inbox / f"letter {number}.las").write_text(f"Dear all, {number}\n" * 500)
    for version in range(versions):
        make_champion(settings, folder, seed=10 * version)
        score_inbox(ScoreRequest(settle_seconds=0, rescore="all").filled(settings), settings)
    _change(settings.home / "ledger.db", "UPDATE scorings SET settled_at = '2020-01-01T00:00:00+00:00'")
    _fill_caches(settings, files, versions)
    _fill_mlflow(settings, runs=files)
    multiply_prefect(settings.prefect_dir / "prefect.db", runs=10 * files, events=400 * files)


def multiply_prefect(database: Path, *, runs: int, events: int) -> None:
    """Copy a run with its logs, and the events, of Prefect's database into the past, many times."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.create_function("new_id", 0, lambda: str(uuid.uuid4()))
        there = connection.execute("SELECT count(*) FROM events").fetchone()[0]
        for _ in range(-(-events // there)):
            _copy_rows(connection, "events", {"id": "new_id()", "occurred": f"'{OLD}'"}, f"LIMIT {there}")
        first = connection.execute("SELECT id FROM flow_run LIMIT 1").fetchone()[0]
        for _ in range(runs):
            new = f"'{uuid.uuid4()}'"
            changed = {"id": new, "end_time": f"'{OLD}'", "idempotency_key": "NULL", "state_id": "NULL"}
            _copy_rows(connection, "flow_run", changed, f"WHERE id = '{first}'")
            _copy_rows(connection, "log", {"id": "new_id()", "flow_run_id": new}, f"WHERE flow_run_id = '{first}'")


def _copy_rows(connection: sqlite3.Connection, table: str, changed: dict[str, str], which: str) -> None:
    """Insert copies of rows of a table, with other expressions in some columns."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    chosen = ", ".join(changed.get(column, column) for column in columns)
    connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM {table} {which}")


def _fill_caches(settings: Settings, count: int, versions: int) -> None:
    for number in range(count):
        _age(save_recording(make_well(f"SPARE-{number}", samples=400, seed=number), settings.refs_dir).path)
        for place in (settings.fits_dir, settings.studies_dir):
            _age(_write(place / f"old-{number}" / "arrays.npz").parent)
        _age(_write(settings.checkpoints_dir / f"old-{number}.npz"))
        _age(_write(settings.fetched_dir / "a" / f"old-{number}.las"))
        _age(_write(settings.outbox_folder / "las" / f".d123.{number}.abc.W.las.part"))
    for version in range(1, versions + 1):
        _age(download_bundle(settings, get(settings, f"models:/sondeflow-logs/{version}")))
    for name in ("logs/serve.log", "stack/stack.log"):
        _write(settings.home / name, b"a line of a log\n" * 2_000_000)


def _fill_mlflow(settings: Settings, runs: int) -> None:
    """Record runs with an artifact each, and delete them; their records in the spool are completely sent."""
    client = connect(settings)
    for number in range(runs):
        with tracked_run(settings, RunSpec(experiment="logs", name=f"spare {number}")) as run:
            pass
        client.log_text(run.run_id, "a line\n" * (BYTES // 7), "a.txt")
        client.delete_run(run.run_id)
    _change(
        settings.home / "mlflow.db", f"UPDATE runs SET deleted_time = {int(LONG_AGO * 1000)} WHERE deleted_time > 0"
    )
    for record in (settings.home / "spool").iterdir():
        if not record.is_symlink():
            _age(record)


def _write(path: Path, content: bytes = b"x" * BYTES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _age(path: Path) -> Path:
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def _change(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)
