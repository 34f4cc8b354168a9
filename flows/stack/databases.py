"""Databases of the stack: one role with its own password per database."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from flows.server.processes import HOST, NotServedError
from flows.stack.places import DATABASES, LEDGER, METRICS, PREFECT, Places
from flows.stack.postgres import SUPERUSER
from tasks.storage.secret_file import new_password, read_or_make

if TYPE_CHECKING:
    from psycopg2.extensions import connection

TRIGRAMS = "pg_trgm"  # Prefect's tables need this extension
SEPARATOR = ":"


def role_password(places: Places, role: str) -> str:
    """Return a role's password; the first call generates it and writes the password file of libpq and asyncpg."""
    line = read_or_make(places.passfile(role), lambda: f"{HOST}:*:{_database_of(role)}:{role}:{new_password()}")
    return line.rpartition(SEPARATOR)[2]


def create_databases(places: Places, port: int, superuser: str) -> None:
    """Create what is missing: roles, a database for each that only its role can enter, and a role that only reads.

    Args:
        places: where the password files lie.
        port: of the server.
        superuser: password of the superuser.

    Raises:
        NotServedError: if the client library is missing, or the server refuses.
    """
    with closing(_connect(port, SUPERUSER, superuser)) as server:
        for role in (*DATABASES, METRICS):
            _put_role(server, role, role_password(places, role))
        for name in DATABASES:
            _put_database(server, name)
        _execute(server, "GRANT pg_read_all_stats TO {}", METRICS)
        _execute(server, "GRANT CONNECT ON DATABASE {} TO {}", LEDGER, METRICS)
    with closing(_connect(port, SUPERUSER, superuser, LEDGER)) as server:
        allow = "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT SELECT ON TABLES TO {}"
        _execute(server, allow, LEDGER, METRICS)


def add_trigrams(port: int, superuser: str) -> bool:
    """Create the extension that Prefect needs in its database; return whether the server has it."""
    with closing(_connect(port, SUPERUSER, superuser, PREFECT)) as server:
        if not _ask(server, "SELECT 1 FROM pg_available_extensions WHERE name = %s", TRIGRAMS):
            return False
        _execute(server, "CREATE EXTENSION IF NOT EXISTS {}", TRIGRAMS)
    return True


def _database_of(role: str) -> str:
    return LEDGER if role == METRICS else role


def _put_role(server: connection, role: str, password: str) -> None:
    from psycopg2.extensions import encrypt_password

    # the server gets a verifier, so that the password is in none of its messages
    verifier = encrypt_password(password, role, scope=server, algorithm="scram-sha-256")
    if not _ask(server, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
        _execute(server, "CREATE ROLE {}", role)
    _execute(server, "ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %s", role, values=(verifier,))


def _put_database(server: connection, name: str) -> None:
    if not _ask(server, "SELECT 1 FROM pg_database WHERE datname = %s", name):
        _execute(server, "CREATE DATABASE {} OWNER {}", name, name)
    _execute(server, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)


def _connect(port: int, user: str, password: str, database: str = SUPERUSER) -> connection:
    try:
        import psycopg2
    except ImportError as error:
        raise NotServedError("psycopg2 is not installed; pip install 'sondeflow[stack]'") from error
    try:
        server = psycopg2.connect(host=HOST, port=port, user=user, password=password, dbname=database)
    except psycopg2.OperationalError as error:
        raise NotServedError(f"PostgreSQL at port {port}: {error}; is it another server's port?") from error
    server.autocommit = True  # CREATE DATABASE runs outside of transactions only
    return server


def _execute(server: connection, statement: str, *names: str, values: tuple[Any, ...] = ()) -> None:
    from psycopg2 import sql

    with server.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)), values)


def _ask(server: connection, question: str, value: str) -> bool:
    with server.cursor() as cursor:
        cursor.execute(question, (value,))
        return cursor.fetchone() is not None
