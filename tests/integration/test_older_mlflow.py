"""MLflow stores of other versions: migrated with a copy, or refused with the remedy, never a traceback."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from aemodels.io.las.writer import write_las
from helpers.postgres_server import PostgresServer
from helpers.recordings import make_well
from helpers.servers import clean_environment

# by MLflow's own migrations: the tables of the version before the installed one, with an experiment in them
MAKE_OLDER = """
import sys
from alembic import command
from alembic.script import ScriptDirectory
from mlflow import MlflowClient
from mlflow.store.db.utils import _get_alembic_config
MlflowClient(sys.argv[1]).create_experiment("kept")
config = _get_alembic_config(sys.argv[1])
command.downgrade(config, ScriptDirectory.from_config(config).get_revision("head").down_revision)
"""


@pytest.fixture(scope="module")
def older(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("older") / "mlflow.db"
    _make_older(f"sqlite:///{path}", path.parent)
    return path


def _make_older(url: str, folder: Path) -> None:
    subprocess.run([sys.executable, "-c", MAKE_OLDER, url], check=True, env=clean_environment(folder), timeout=200)


def _run(home: Path, *arguments: str, **more: str) -> tuple[subprocess.CompletedProcess[str], dict]:
    command = [sys.executable, "-m", "flows", *arguments, "--json"]
    environment = clean_environment(home, SONDEFLOW_SETTLE_SECONDS="0", **more)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)
    return done, json.loads(done.stdout)


def _revision(path: Path) -> str:
    with closing(sqlite3.connect(path)) as store:
        return str(store.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _experiments(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as store:
        return {name for (name,) in store.execute("SELECT name FROM experiments")}


@pytest.mark.slow
def test_scoring_migrates_an_older_store_after_copying_it(older, tmp_path):
    home, inbox = tmp_path / "home", tmp_path / "in"
    home.mkdir()
    inbox.mkdir()
    store = Path(shutil.copy(older, home))
    write_las(make_well("W", samples=400, seed=1), inbox / "W.las")
    done, answer = _run(home, "score", str(inbox), "--out", str(tmp_path / "out"))
    assert (done.returncode, answer["scored"]) == (0, 1), done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    (copy,) = home.glob("mlflow-before-*.db")
    assert _revision(copy) == _revision(older) != _revision(store)
    assert "kept" in _experiments(store) & _experiments(copy)
    assert str(copy) in done.stderr
    again, answer = _run(home, "upgrade")
    assert (again.returncode, answer["copy"]) == (0, None)


@pytest.mark.slow
def test_a_database_of_a_server_is_migrated_only_when_asked(tmp_path):
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    try:
        url = server.new_database("mlflow")
        _make_older(url, tmp_path)
        home = tmp_path / "home"
        (tmp_path / "in").mkdir()
        write_las(make_well("W", samples=400, seed=1), tmp_path / "in" / "W.las")
        score = ("score", str(tmp_path / "in"), "--out", str(tmp_path / "out"))
        done, answer = _run(home, *score, SONDEFLOW_TRACKING_URI=url)
        assert done.returncode == 1
        assert "sondeflow upgrade" in answer["error"], answer
        assert "Traceback" not in done.stderr
        done, answer = _run(home, "upgrade", SONDEFLOW_TRACKING_URI=url)
        assert done.returncode == 0, done.stderr
        done, answer = _run(home, *score, SONDEFLOW_TRACKING_URI=url)
        assert (done.returncode, answer["scored"]) == (0, 1), done.stderr[-3000:]
    finally:
        server.stop()
