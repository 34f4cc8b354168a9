"""Maintenance reports the sizes of databases in PostgreSQL, also of those behind other servers."""

from __future__ import annotations

from contextlib import closing

import pytest

from helpers.postgres_server import PostgresServer
from tasks.address import Address
from tasks.ledger import open_ledger
from tasks.maintenance import results
from tasks.maintenance.removal import Step
from tasks.settings import Settings


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def postgres(tmp_path):
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    try:
        yield server
    finally:
        server.stop()


def ask_postgres(address: str, statement: str) -> list[tuple[object, ...]]:
    import psycopg2

    with closing(psycopg2.connect(address.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def sizes_of(settings: Settings) -> dict[str, int]:
    return dict(results.areas(Step(settings, dry_run=True)))


def size_in_postgres(address: str, database: str) -> int:
    return int(str(ask_postgres(address, f"SELECT pg_database_size('{database}')")[0][0]))


@pytest.mark.slow  # starts PostgreSQL
def test_sizes_of_databases_in_postgresql_are_what_their_server_says(settings, postgres, monkeypatch):
    ledger, mlflow, prefect = (postgres.new_database(name) for name in ("books", "runs", "flows"))
    connects_by = prefect.replace("+psycopg2", "+asyncpg") + "?ssl=disable"
    monkeypatch.setattr("tasks.maintenance.database_sizes.prefect_address", lambda: connects_by)
    served = settings.model_copy(
        update={
            "ledger_url": Address(ledger.replace("+psycopg2", "")),  # of the installed driver, though none is named
            "tracking_uri": Address(mlflow.replace("+psycopg2", "")),
        }
    )
    open_ledger(served.ledger_url)
    empty = sizes_of(served)
    ask_postgres(mlflow, "CREATE TABLE filling AS SELECT repeat('x', 1000) FROM generate_series(1, 5000)")
    sizes = sizes_of(served)
    names = {"ledger": "books", "database of MLflow": "runs", "database of Prefect": "flows"}
    assert {part: sizes[part] for part in names} == {
        part: size_in_postgres(ledger, name) for part, name in names.items()
    }
    assert sizes["database of MLflow"] - empty["database of MLflow"] > 5_000_000
    assert empty["ledger"] > 5_000_000, "an empty database of PostgreSQL"
    postgres.stop()
    gone = sizes_of(served)
    assert gone["ledger"] == 0
    assert not {"database of MLflow", "database of Prefect"} & set(gone), "unknown is not 0"


@pytest.mark.slow  # starts PostgreSQL
def test_sizes_of_databases_behind_the_servers_of_the_stack_are_asked_by_the_role_that_only_reads(settings, postgres):
    ledger, *_ = (postgres.new_database(name) for name in ("ledger", "mlflow", "prefect"))
    for statement in (
        "CREATE ROLE ledger LOGIN",
        "CREATE ROLE metrics LOGIN",
        "GRANT pg_read_all_stats TO metrics",
        "REVOKE ALL ON DATABASE mlflow, prefect FROM PUBLIC",
    ):
        ask_postgres(ledger, statement)
    served = settings.model_copy(
        update={
            "ledger_url": Address(ledger.replace("postgres@", "ledger@")),
            "tracking_uri": Address("http://127.0.0.1:9"),
        }
    )
    parts = ("database of MLflow", "database of Prefect")
    assert not set(parts) & set(sizes_of(served))
    passfile = settings.home / "stack" / "metrics.pgpass"
    passfile.parent.mkdir(parents=True)
    passfile.write_text("127.0.0.1:*:ledger:metrics:secret")
    passfile.chmod(0o600)
    sizes = sizes_of(served)
    assert [sizes[part] for part in parts] == [size_in_postgres(ledger, name) for name in ("mlflow", "prefect")]
