"""Counts over the ledger, for monitoring."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, exists, func, select, text

from tasks.ledger.claims import IN_PROGRESS
from tasks.ledger.schema import observations, scorings
from tasks.ledger.store import look_up

OUTCOMES = ("published", "quarantined", "failed")


@dataclass(frozen=True)
class Counts:
    """Counts of files.

    Args:
        ever: files per outcome, of all time.
        recent: files per outcome, claimed since the time asked for.
        waiting: files in an inbox that no version has claimed.
        in_progress: files that are being scored.
        oldest_waiting: when the first of those waiting was seen, ISO 8601 in UTC; None if none waits.
    """

    ever: dict[str, int]
    recent: dict[str, int]
    waiting: int
    in_progress: int
    oldest_waiting: str | None


def count_files(engine: Engine, since: str, *, retry_seconds: float = 5.0) -> Counts:
    """Count the files of the ledger.

    Args:
        engine: the ledger.
        since: time, ISO 8601 in UTC, from which recent outcomes count.
        retry_seconds: time in s that a database may be unavailable.

    Raises:
        LedgerError: if it stays unavailable.
    """

    def work(connection: Connection) -> Counts:
        by_state = select(scorings.c.state, func.count()).group_by(scorings.c.state)
        ever = {str(name): int(count) for name, count in connection.execute(by_state)}
        found = connection.execute(by_state.where(scorings.c.claimed_at >= since))
        recent = {str(name): int(count) for name, count in found}
        unclaimed = ~exists().where(scorings.c.sha256 == observations.c.sha256)
        waiting = select(func.count(), func.min(observations.c.first_seen)).where(unclaimed)
        count, oldest = connection.execute(waiting).one()
        return Counts(
            ever={name: ever.get(name, 0) for name in OUTCOMES},
            recent={name: recent.get(name, 0) for name in OUTCOMES},
            waiting=int(count),
            in_progress=sum(ever.get(name, 0) for name in IN_PROGRESS),
            oldest_waiting=oldest,
        )

    return look_up(engine, work, retry_seconds=retry_seconds)


def server_database_size(engine: Engine, *, retry_seconds: float = 5.0) -> int:
    """Return the size in bytes of the ledger's database in PostgreSQL, which its role may ask for."""
    query = text("SELECT pg_database_size(current_database())")
    return int(look_up(engine, lambda connection: connection.execute(query).scalar_one(), retry_seconds=retry_seconds))


def database_sizes(engine: Engine, *, retry_seconds: float = 5.0) -> dict[str, int]:
    """Return the size in bytes of every database of the ledger's PostgreSQL server; empty for SQLite."""
    if engine.dialect.name != "postgresql":
        return {}
    query = text("SELECT datname, pg_database_size(oid) FROM pg_database WHERE NOT datistemplate")
    return look_up(
        engine,
        lambda connection: {str(name): int(size) for name, size in connection.execute(query)},
        retry_seconds=retry_seconds,
    )
