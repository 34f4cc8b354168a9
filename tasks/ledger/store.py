"""Connections to the ledger: SQLite with WAL, or another database by URL; work is retried while it is unavailable."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)

from tasks.address import Address
from tasks.ledger.schema import LedgerError, SchemaState, is_current, state_of, upgrade
from tasks.storage.folders import private_folder

T = TypeVar("T")
RETRY_SECONDS = 90.0  # time that a database may be unavailable; a restart takes less
OPEN_RETRY_SECONDS = 20.0
CHUNK = 500  # values in one IN (…); SQLite allows 32,766, but query planners are faster with fewer
# A commit lost in a power cut is scored again with the same result, so commits need not wait for the disk.
SQLITE = ("PRAGMA journal_mode=WAL", "PRAGMA busy_timeout=30000", "PRAGMA synchronous=NORMAL")


def open_ledger(url: Address | str) -> Engine:
    """Connect to a ledger; create its tables (and the folder of a SQLite file) if missing, and migrate older ones.

    Args:
        url: SQLAlchemy URL, e.g. "sqlite:////data/work/ledger.db" or "postgresql://user@host/name".

    Raises:
        LedgerError: if the database cannot be reached, or was written by a newer sondeflow.
    """
    engine = _engine(url.reveal() if isinstance(url, Address) else url)
    if not look_up(engine, is_current, retry_seconds=OPEN_RETRY_SECONDS):
        transact(engine, upgrade, retry_seconds=OPEN_RETRY_SECONDS)
    return engine


def schema_state(url: Address | str) -> SchemaState:
    """Return how the tables of a ledger compare with the present ones, without changing them.

    Raises:
        LedgerError: if the ledger cannot be reached.
    """
    engine = _engine(url.reveal() if isinstance(url, Address) else url)
    return look_up(engine, state_of, retry_seconds=2.0)


def transact(engine: Engine, work: Callable[[Connection], T], *, retry_seconds: float = RETRY_SECONDS) -> T:
    """Run `work` in one transaction; retry with pauses while the database is unavailable.

    A commit whose reply was lost is repeated as well, so `work` must be idempotent.

    Args:
        engine: the ledger.
        work: called with the connection.
        retry_seconds: time in s after which the retries end.

    Raises:
        LedgerError: if the database stays unavailable.
    """

    def once() -> T:
        with engine.begin() as connection:
            return work(connection)

    return _with_retries(engine, once, retry_seconds)


def look_up(engine: Engine, work: Callable[[Connection], T], *, retry_seconds: float = RETRY_SECONDS) -> T:
    """Run a read-only `work` as `transact` does, but without a transaction: readers do not wait for writers."""

    def once() -> T:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return work(connection)

    return _with_retries(engine, once, retry_seconds)


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows (by the keys of the columns), or replace those with the same primary key."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    keys = list(table.primary_key)
    changed = {column.key: statement.excluded[column.key] for column in table.columns if not column.primary_key}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), [dict(row) for row in rows])


def now() -> str:
    """Return the current time, ISO 8601 in UTC; for display only, because wall clocks can step."""
    return datetime.now(UTC).isoformat()


def storable(value: str) -> str:
    """Return a text that every database accepts: without NUL and lone surrogates."""
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _with_retries(engine: Engine, once: Callable[[], T], retry_seconds: float) -> T:
    until = time.monotonic() + retry_seconds
    pause = 0.05
    lost = engine.dialect.loaded_dbapi.OperationalError  # SQLAlchemy wraps none that comes when a connection goes back
    while True:
        try:
            return once()
        except (DatabaseError, InterfaceError, lost) as error:
            if isinstance(error, IntegrityError | ProgrammingError | DataError):
                raise  # of this code, not of the database
            found = error if isinstance(error, DBAPIError) else OperationalError(None, None, error)
            if not _is_transient(engine, found) or time.monotonic() + pause > until:
                raise _unreachable(engine, found) from error
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, so that workers do not retry in step
        pause = min(2.0, 2 * pause)


def _is_transient(engine: Engine, error: DBAPIError) -> bool:
    """Return whether an error may pass: on SQLite only a lock of another process, on a server any lost connection."""
    if engine.dialect.name == "sqlite":
        return any(word in str(error.orig) for word in ("locked", "busy"))
    return "authentication failed" not in str(error.orig)


def _unreachable(engine: Engine, error: DBAPIError) -> LedgerError:
    address = engine.url.render_as_string(hide_password=True)
    return LedgerError(
        f"ledger {address}: {error.orig}; expected a database that responds; see SONDEFLOW_LEDGER_URL and its disk"
    )


@lru_cache(maxsize=16)
def _engine(url: str) -> Engine:
    parsed = make_url(Address(url).for_sqlalchemy)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, pool_size=4, max_overflow=60)
    if parsed.database and parsed.database != ":memory:":
        private_folder(Path(parsed.database).parent)
    engine = create_engine(parsed)
    event.listen(engine, "connect", _tune_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _tune_sqlite(connection: Any, _record: Any) -> None:
    """Allow readers during a write, wait for locks of other processes, and begin transactions explicitly."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in SQLITE:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start; a reader that becomes a writer later would be refused, not queued."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
