"""PostgreSQL of the stack where only the wheel is installed: cluster, roles, what its extensions allow."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.server.processes import NotServedError
from flows.server.supervision import launch, stop_all
from flows.stack import newer_postgres, postgres, services
from flows.stack.databases import add_trigrams, create_databases, role_password
from flows.stack.places import Places, StackOptions
from helpers.ports import free_port
from tasks.settings import Settings
from tasks.storage import postgres_programs
from tasks.storage.folders import private_folder


@pytest.fixture
def places() -> Iterator[Places]:
    with tempfile.TemporaryDirectory(prefix="sondeflow-stack-") as folder:
        Path(folder).chmod(0o755)  # for root, another user runs the server and has to pass through
        yield Places(Path(folder) / "home")


def test_the_wheel_serves_where_no_package_is_installed(places, monkeypatch):
    import psycopg2

    pytest.importorskip("pgserver", reason="the wheel is for Python up to 3.12")
    monkeypatch.setattr(postgres_programs, "_installed", lambda _: [])
    found = postgres.find_postgres(places)
    assert "pgserver" in str(found.programs)
    options = StackOptions(postgres_port=free_port())
    superuser = found.prepare(places)
    running = [launch(services.postgres_service(found, places, options))]
    try:
        running[0].await_ready()
        for _ in range(2):  # the second time changes nothing
            create_databases(places, options.postgres_port, superuser)
        assert not add_trigrams(options.postgres_port, superuser), "so Prefect's database is a SQLite file"
        where = {"host": "127.0.0.1", "port": options.postgres_port, "user": "ledger", "dbname": "ledger"}
        with psycopg2.connect(**where, passfile=str(places.passfile("ledger"))) as entered, entered.cursor() as cursor:
            cursor.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user")
            assert cursor.fetchone() == (False, False)
        entered.close()
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            psycopg2.connect(**where | {"dbname": "mlflow"}, password=role_password(places, "ledger"))
        found.prepare(places)  # as after a stop of the machine: a server that was left behind is ended
        assert not found.is_ready(options.postgres_port)
        assert found.prepare(places) == superuser
    finally:
        stop_all(running)
    assert stat.S_IMODE(places.superuser.stat().st_mode) == 0o600
    assert not list(places.folder.glob(".*")), "the file with the initial password is removed"


@pytest.mark.slow  # three servers in turn
def test_the_databases_move_to_a_newer_major_version_and_back_if_that_fails(places, monkeypatch):
    known = postgres_programs.installations("postgres", "initdb")
    if known[0].major == known[-1].major:
        pytest.skip(f"only PostgreSQL {known[0].major} is installed")
    settings, options = Settings(home=places.home), StackOptions(postgres_port=free_port())
    private_folder(places.folder)
    old = postgres.Postgres(known[0].folder, known[0].major, postgres._account())
    with newer_postgres._running(old, places, options) as superuser:
        create_databases(places, options.postgres_port, superuser)
        _ask(places, options, "ledger", "CREATE TABLE scorings AS SELECT 42 AS answer")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="no space"):
        broken.setattr(newer_postgres, "load_postgres", _disk_full)
        newer_postgres.move_to_newest(settings, options)
    assert postgres.find_postgres(places).major == known[0].major, "the former cluster is in use again"

    moved = newer_postgres.move_to_newest(settings, options)
    assert moved == (known[0].major, known[-1].major, places.folder / f"postgres-{known[0].major}")
    assert (moved[2] / "PG_VERSION").read_text().strip() == str(known[0].major)
    with newer_postgres._running(postgres.find_postgres(places), places, options):
        assert _ask(places, options, "ledger", "SELECT answer FROM scorings") == [(42,)]
        assert _ask(places, options, "metrics", "SELECT answer FROM scorings", "ledger") == [(42,)], "it may read"
        (version,) = _ask(places, options, "mlflow", "SHOW server_version")[0]
        assert version.startswith(f"{known[-1].major}.")
    with pytest.raises(NotServedError, match="no newer one is installed"):
        newer_postgres.move_to_newest(settings, options)
    assert not (places.folder / "copies").exists()


def _disk_full(*_: object) -> None:
    raise OSError(28, "no space left on device")


def _ask(places: Places, options: StackOptions, role: str, statement: str, database: str = "") -> list[tuple]:
    import psycopg2

    where = {"host": "127.0.0.1", "port": options.postgres_port, "user": role, "dbname": database or role}
    entered = psycopg2.connect(**where, passfile=str(places.passfile(role)))
    try:
        with entered, entered.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        entered.close()
