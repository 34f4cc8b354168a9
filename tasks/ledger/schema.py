"""Tables of the ledger, and the migrations from earlier ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy import Column as Col

from aemodels.core.errors import SondeflowError

SchemaState: TypeAlias = Literal["none", "older", "current", "newer"]
metadata = MetaData()

applied = Table(
    "ledger_steps",
    metadata,
    Col("step", Integer, primary_key=True, autoincrement=False),
    Col("applied_at", String(40), nullable=False),
)

# Files observed in an inbox. `boot` and `clock` (monotonic, s) are those of the machine that observed this stamp first;
# with a monotonic clock, a step of the wall clock does not make a file look old.
observations = Table(
    "sightings",
    metadata,
    Col("place", String(64), key="path_sha256", primary_key=True),  # a path may be longer than an index allows
    Col("path", Text, nullable=False),
    Col("stamp", String(200), nullable=False),
    Col("state", String(16), nullable=False),
    Col("sha256", String(64), nullable=False, default="", index=True),
    Col("boot", String(64), nullable=False),
    Col("clock", Float, nullable=False),
    Col("first_seen", String(40), nullable=False),
    Col("seen_at", String(40), nullable=False),
)

# A content and one version of a model. `token` is the fencing token; each claim draws a new one.
scorings = Table(
    "scorings",
    metadata,
    Col("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Col("sha256", String(64), nullable=False),
    Col("model", String(200), nullable=False),
    Col("version", String(80), nullable=False),
    Col("spec_hash", String(64), nullable=False, default=""),
    Col("state", String(16), nullable=False, index=True),
    Col("source", Text, nullable=False),
    Col("owner", String(300), nullable=False, index=True),
    Col("token", String(32), nullable=False, index=True),
    Col("attempts", Integer, nullable=False),
    Col("failures", Integer, nullable=False, default=0),
    Col("reason", Text, nullable=False, default=""),
    Col("outputs", JSON, nullable=False),
    Col("hashes", JSON, nullable=False),
    Col("timings", JSON, nullable=False),
    Col("claimed_at", String(40), nullable=False, index=True),
    Col("settled_at", String(40)),
    Col("seconds", Float),
    UniqueConstraint("sha256", "model", "version", "spec_hash", name="one_score_per_content_version_and_spec"),
    Index("scorings_by_model", "model", "version"),
)

workers = Table(
    "workers",
    metadata,
    Col("owner", String(300), primary_key=True),
    Col("outbox", Text, nullable=False),
    Col("lease_seconds", Float, nullable=False),
    Col("beat", Integer, key="tick", nullable=False),
    Col("started_at", String(40), nullable=False),
    Col("seen_at", String(40), nullable=False),
)

# When each machine last saw a worker's heartbeat change, by that machine's monotonic clock (s).
watches = Table(
    "watches",
    metadata,
    Col("owner", String(300), primary_key=True),
    Col("boot", String(64), primary_key=True),
    Col("beat", Integer, key="tick", nullable=False),
    Col("clock", Float, nullable=False),
)

# Reviews of flagged intervals, each document once, as it was given.
reviews = Table(
    "reviews",
    metadata,
    Col("review", String(64), primary_key=True),  # hash of the document
    Col("sha256", String(64), nullable=False, index=True),
    Col("author", String(200), nullable=False),
    Col("made_at", String(40), nullable=False),
    Col("received_at", String(40), nullable=False),
    Col("document", Text, nullable=False),
)


class LedgerError(SondeflowError):
    """The ledger cannot be reached, or was written by a newer sondeflow."""


def upgrade(connection: Connection) -> int:
    """Apply the missing migrations in the given transaction; return how many were applied.

    Raises:
        LedgerError: if the ledger was written by a newer sondeflow.
    """
    _one_at_a_time(connection)
    applied.create(connection, checkfirst=True)
    done = connection.execute(select(func.max(applied.c.step))).scalar() or 0
    if done > len(STEPS):
        raise LedgerError(f"the ledger is at step {done}; this sondeflow knows {len(STEPS)}; upgrade sondeflow")
    for step in range(done + 1, len(STEPS) + 1):
        STEPS[step - 1](connection)
        connection.execute(insert(applied).values(step=step, applied_at=datetime.now(UTC).isoformat()))
    return len(STEPS) - done


def is_current(connection: Connection) -> bool:
    """Return whether no migration is missing."""
    if not inspect(connection).has_table(applied.name):
        return False
    return connection.execute(select(func.max(applied.c.step))).scalar() == len(STEPS)


def state_of(connection: Connection) -> SchemaState:
    """Return how the tables compare with the present ones."""
    found = inspect(connection)
    if not found.has_table(applied.name):
        return "older" if found.has_table("arrivals") else "none"
    done = int(connection.execute(select(func.max(applied.c.step))).scalar() or 0)
    return "current" if done == len(STEPS) else ("older" if done < len(STEPS) else "newer")


def _one_at_a_time(connection: Connection) -> None:
    """Make concurrent migrations wait (on SQLite the transaction itself holds the lock)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7265901)"))


def _first(connection: Connection) -> None:
    """Create the only table of the first release."""
    first = MetaData()
    Table(
        "arrivals",
        first,
        Col("id", Integer, primary_key=True),
        Col("sha256", String(64), nullable=False),
        Col("model", String(200), nullable=False),
        Col("version", String(80), nullable=False),
        Col("state", String(16), nullable=False, index=True),
        Col("source", Text, nullable=False),
        Col("owner", String(200), nullable=False),
        Col("attempts", Integer, nullable=False),
        Col("reason", Text, nullable=False),
        Col("outputs", JSON, nullable=False),
        Col("claimed_at", String(40), nullable=False),
        Col("settled_at", String(40)),
        Col("seconds", Float),
        UniqueConstraint("sha256", "model", "version", name="one_score_per_content_and_version"),
    )
    first.create_all(connection, checkfirst=True)


def _leases(connection: Connection) -> None:
    """Create the present tables, with leases, fencing tokens and bundle hashes, and move the rows of the first one."""
    metadata.create_all(connection, tables=[observations, scorings, workers, watches])
    kept = "sha256, model, version, state, source, owner, attempts, reason, outputs, claimed_at, settled_at, seconds"
    connection.execute(
        text(
            f"INSERT INTO scorings ({kept}, spec_hash, token, failures, hashes, timings) "  # noqa: S608 - our own names
            f"SELECT {kept}, '', '', CASE WHEN state = 'failed' THEN attempts ELSE 0 END, '{{}}', '{{}}' FROM arrivals"
        )
    )
    connection.execute(text("DROP TABLE arrivals"))


def _reviews(connection: Connection) -> None:
    """Create the table of reviews."""
    metadata.create_all(connection, tables=[reviews])


STEPS: tuple[Callable[[Connection], None], ...] = (_first, _leases, _reviews)
