"""Connections to the ledger: SQLite with WAL, or any other database by URL; work is repeated while it is away."""

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
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from tasks.ledger.schema import LedgerError, is_current, upgrade

T = TypeVar("T")
PATIENCE = 90.0  # seconds that a database may be away: a restart takes less
OPENING_PATIENCE = 20.0
CHUNK = 500  # values in one IN (…): SQLite takes 32,766, a planner prefers fewer
# A commit that a power cut takes back is scored again with the same result, so no commit waits for the disk.
SQLITE = ("PRAGMA journal_mode=WAL", "PRAGMA busy_timeout=30000", "PRAGMA synchronous=NORMAL")


def open_ledger(url: str) -> Engine:
    """Connect, making the tables (and a SQLite file's folder) where missing, or bringing older ones up to date.

    Args:
        url: SQLAlchemy URL, e.g. "sqlite:////data/work/ledger.db" or "postgresql://user@host/name".

    Raises:
        LedgerError: if the database cannot be reached, or belongs to a newer sondeflow.
    """
    engine = _engine(url)
    if not look_up(engine, is_current, patience=OPENING_PATIENCE):
        transact(engine, upgrade, patience=OPENING_PATIENCE)
    return engine


def transact(engine: Engine, work: Callable[[Connection], T], *, patience: float = PATIENCE) -> T:
    """Run `work` in one transaction; again, with pauses, while the database is away.

    A commit whose answer got lost is repeated too, so `work` must give the same result when done twice.

    Args:
        engine: the ledger.
        work: takes the connection.
        patience: seconds after which it is given up.

    Raises:
        LedgerError: if the database did not come back.
    """

    def once() -> T:
        with engine.begin() as connection:
            return work(connection)

    return _patiently(engine, once, patience)


def look_up(engine: Engine, work: Callable[[Connection], T], *, patience: float = PATIENCE) -> T:
    """As `transact`, without a transaction: readers do not wait for a writer."""

    def once() -> T:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return work(connection)

    return _patiently(engine, once, patience)


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace those with the same primary key."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), [dict(row) for row in rows])


def now() -> str:
    """This moment, ISO 8601 in UTC; for people to read, never to decide by (clocks step)."""
    return datetime.now(UTC).isoformat()


def storable(value: str) -> str:
    """A text that every database takes: no NUL, no half of a surrogate pair."""
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _patiently(engine: Engine, once: Callable[[], T], patience: float) -> T:
    until = time.monotonic() + patience
    pause = 0.05
    while True:
        try:
            return once()
        except (OperationalError, InterfaceError) as error:
            if not _may_pass(engine, error) or time.monotonic() + pause > until:
                raise _gone(engine, error) from error
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, so that workers do not return as one
        pause = min(2.0, 2 * pause)


def _may_pass(engine: Engine, error: DBAPIError) -> bool:
    """SQLite is away only while another process holds its lock; a server may be on its way back."""
    if engine.dialect.name == "sqlite":
        return any(word in str(error.orig) for word in ("locked", "busy"))
    return "authentication failed" not in str(error.orig)


def _gone(engine: Engine, error: DBAPIError) -> LedgerError:
    place = engine.url.render_as_string(hide_password=True)
    return LedgerError(
        f"ledger {place}: {error.orig}; expected a database that answers; see SONDEFLOW_LEDGER_URL and its disk"
    )


@lru_cache(maxsize=16)
def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, pool_size=4, max_overflow=60)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed)
    event.listen(engine, "connect", _tune_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _tune_sqlite(connection: Any, _record: Any) -> None:
    """Readers beside a writer, patience with another process's lock, transactions begun by us."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in SQLITE:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start: a reader that becomes a writer later would be refused, not queued."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
