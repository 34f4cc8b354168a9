"""Copies of a ledger as a SQLite file, for backups, whatever database it is kept in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update

from tasks.ledger.claims import IN_PROGRESS
from tasks.ledger.observations import hash_of_path
from tasks.ledger.schema import LedgerError, applied, metadata, observations, reviews, scorings, watches, workers
from tasks.ledger.store import look_up, now, open_ledger, transact
from tasks.storage.databases import copy_sqlite

ROWS_AT_ONCE = 1000
COPIED = (applied, observations, scorings, reviews)
INTERRUPTED = "in progress when the backup was made; the next run takes it"

Moves = Sequence[tuple[str, str]]  # former and present folder, the longest first


def save_copy(engine: Engine, target: Path) -> int:
    """Write the ledger as it is at one moment to a new SQLite file, while others go on writing to it.

    Returns:
        Number of scorings.
    """
    if engine.dialect.name == "sqlite":
        copy_sqlite(Path(str(engine.url.database)), target)
    else:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as reading:
            _copy_tables(reading, open_ledger(f"sqlite:///{target}"))
    copied = open_ledger(f"sqlite:///{target}")
    found = look_up(copied, lambda connection: connection.execute(select(func.count()).select_from(scorings)).scalar())
    close(copied)
    return int(found or 0)


def load_copy(source: Path, engine: Engine) -> None:
    """Load a copy into an empty ledger, completely or not at all.

    Raises:
        LedgerError: if the ledger is not empty.
    """
    if not is_empty(engine):
        raise LedgerError(f"the ledger {engine.url.render_as_string()} has rows already; expected an empty one")
    copied = open_ledger(f"sqlite:///{source}")
    with copied.connect() as reading:
        _copy_tables(reading, engine)
    close(copied)


def is_loaded(source: Path, engine: Engine) -> bool:
    """Return whether a copy was loaded into a ledger completely, which is done in one transaction."""
    copied = open_ledger(f"sqlite:///{source}")
    try:
        query = select(scorings.c.id, scorings.c.sha256).order_by(scorings.c.id.desc()).limit(1)
        last = look_up(copied, lambda connection: connection.execute(query).first())
    finally:
        close(copied)
    if last is None:
        return True
    same = select(scorings.c.id).where(scorings.c.id == last.id, scorings.c.sha256 == last.sha256)
    return look_up(engine, lambda connection: connection.execute(same).first()) is not None


def is_empty(engine: Engine) -> bool:
    """Return whether a ledger has neither scorings nor reviews yet."""

    def work(connection: Connection) -> bool:
        columns = (scorings.c.id, reviews.c.review)
        return all(connection.execute(select(column).limit(1)).first() is None for column in columns)

    return look_up(engine, work)


def settle_copy(path: Path, moves: Moves) -> int:
    """Prepare a copied ledger for another home: no worker runs there, and its folders have other paths.

    Args:
        path: the SQLite file.
        moves: former and present folders; the longest former ones first.

    Returns:
        Number of scorings that were in progress and will be repeated.
    """

    def work(connection: Connection) -> int:
        connection.execute(delete(workers))
        connection.execute(delete(watches))
        _move_scorings(connection, moves)
        _move_observations(connection, moves)
        return _reopen(connection, scorings.c.state.in_(IN_PROGRESS))

    engine = open_ledger(f"sqlite:///{path}")
    try:
        return transact(engine, work)
    finally:
        close(engine)


def reopen_rows(path: Path, rows: Sequence[int]) -> None:
    """Have scorings of a copy repeated, because their outputs changed while they were copied."""
    engine = open_ledger(f"sqlite:///{path}")
    transact(engine, lambda connection: _reopen(connection, scorings.c.id.in_(rows)))
    close(engine)


def moved(path: str, moves: Moves) -> str:
    """Return the present path of a file below a former folder, else the path as it is.

    >>> moved("/old/outbox/a.las", [("/old", "/new")])
    '/new/outbox/a.las'
    """
    for before, after in moves:
        if path == before or path.startswith(f"{before}/"):
            return after + path[len(before) :]
    return path


def close(engine: Engine) -> None:
    """Write a SQLite ledger completely to its one file, and close it, so that the file can be moved."""
    engine.dispose()  # another open connection would keep its log
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    engine.dispose()


def _copy_tables(reading: Connection, target: Engine) -> None:
    def work(connection: Connection) -> None:
        connection.execute(delete(applied))
        for table in COPIED:
            rows = reading.execute(select(table).order_by(*table.primary_key))
            for part in rows.partitions(ROWS_AT_ONCE):
                values = [{column.key: row._mapping[column] for column in table.c} for row in part]
                connection.execute(insert(table), values)
        if connection.dialect.name == "postgresql":
            name = metadata.tables["scorings"].name
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:name, 'id'), greatest(max(id), 1)) FROM scorings"),
                {"name": name},
            )

    transact(target, work)


def _move_scorings(connection: Connection, moves: Moves) -> None:
    columns = (scorings.c.id, scorings.c.source, scorings.c.outputs, scorings.c.hashes)
    changes: list[Mapping[str, Any]] = []
    for row in connection.execute(select(*columns)):
        outputs = [moved(path, moves) for path in row.outputs]
        hashes = {moved(path, moves): digest for path, digest in row.hashes.items()}
        source = moved(row.source, moves)
        if (source, outputs, hashes) != (row.source, list(row.outputs), dict(row.hashes)):
            changes.append({"row": row.id, "source": source, "outputs": outputs, "hashes": hashes})
    for values in changes:
        row = scorings.c.id == values["row"]
        connection.execute(update(scorings).where(row).values({k: v for k, v in values.items() if k != "row"}))


def _move_observations(connection: Connection, moves: Moves) -> None:
    """Change the paths, by whose hashes the rows are found; the time of the first observation is kept."""
    for row in connection.execute(select(observations.c.path_sha256, observations.c.path)).all():
        path = moved(row.path, moves)
        if path != row.path:
            values = {"path": path, "path_sha256": hash_of_path(path)}
            connection.execute(delete(observations).where(observations.c.path_sha256 == values["path_sha256"]))
            mine = observations.c.path_sha256 == row.path_sha256
            connection.execute(update(observations).where(mine).values(values))


def _reopen(connection: Connection, which: Any) -> int:
    values = {"state": "failed", "token": "", "settled_at": now(), "reason": INTERRUPTED}
    return connection.execute(update(scorings).where(which).values(**values)).rowcount
