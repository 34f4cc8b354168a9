"""PostgreSQL of the stack where only the wheel is installed: cluster, roles, what its extensions allow."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.server.supervision import launch, stop_all
from flows.stack import postgres, services
from flows.stack.databases import add_trigrams, create_databases, role_password
from flows.stack.places import Places, StackOptions
from helpers.servers import free_port
from tasks.storage import postgres_programs


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
