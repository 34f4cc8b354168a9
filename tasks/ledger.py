"""The ledger of arrived files: each content is scored once by each version of a model.

A row's key is (sha256 of the content, model, version); the unique constraint is what makes a claim atomic, so two
workers never score the same content, whatever its name. `claimed` becomes `published`, `quarantined` or `failed`;
only `failed`, and a claim whose owner is gone, can be claimed again.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias

from sqlalchemy import (
    JSON,
    ColumnElement,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    create_engine,
    delete,
    event,
    insert,
    make_url,
    select,
    update,
)
from sqlalchemy import Column as Col
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

State: TypeAlias = Literal["claimed", "published", "quarantined", "failed"]
STATES: tuple[State, ...] = ("claimed", "published", "quarantined", "failed")
STALE = timedelta(hours=1)

_metadata = MetaData()
_arrivals = Table(
    "arrivals",
    _metadata,
    Col("id", Integer, primary_key=True),
    Col("sha256", String(64), nullable=False),
    Col("model", String(200), nullable=False),
    Col("version", String(80), nullable=False),
    Col("state", String(16), nullable=False, index=True),
    Col("source", Text, nullable=False),
    Col("owner", String(200), nullable=False),
    Col("attempts", Integer, nullable=False),
    Col("reason", Text, nullable=False, default=""),
    Col("outputs", JSON, nullable=False, default=list),
    Col("claimed_at", String(40), nullable=False),
    Col("settled_at", String(40)),
    Col("seconds", Float),
    UniqueConstraint("sha256", "model", "version", name="one_score_per_content_and_version"),
)


@dataclass(frozen=True)
class Key:
    """What must not happen twice: this content under this version of this model."""

    sha256: str
    model: str
    version: str


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: state, reason ("" where published), paths of outputs, wall time in s."""

    state: State
    reason: str = ""
    outputs: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Entry:
    """One row of the ledger; times are ISO 8601 in UTC."""

    sha256: str
    model: str
    version: str
    state: State
    source: str
    attempts: int
    reason: str
    outputs: tuple[str, ...]
    claimed_at: str
    settled_at: str | None
    seconds: float | None


def open_ledger(url: str) -> Engine:
    """Connect, creating the table (and a SQLite file's folder) where missing.

    Args:
        url: SQLAlchemy URL, e.g. "sqlite:////data/work/ledger.db".
    """
    parsed = make_url(url)
    engine = create_engine(parsed)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _tune_sqlite)
    with engine.begin() as connection:
        connection.execute(CreateTable(_arrivals, if_not_exists=True))
    return engine


def claim(engine: Engine, key: Key, *, source: str, max_attempts: int = 3) -> bool:
    """Take a content for scoring; True for exactly one of all that ask at once.

    A content that failed before, or whose owner died, is taken again up to `max_attempts` times.
    """
    row = {**_values(key), **_claimed(source), "attempts": 1, "reason": "", "outputs": []}
    try:
        with engine.begin() as connection:
            connection.execute(insert(_arrivals).values(**row))
    except IntegrityError:
        return _claim_again(engine, key, source, max_attempts)
    return True


def settle(engine: Engine, key: Key, outcome: Outcome) -> None:
    """Record how the claimed attempt ended.

    Raises:
        KeyError: if this content had not been claimed.
    """
    values: dict[str, Any] = {
        "state": outcome.state,
        "reason": outcome.reason,
        "outputs": list(outcome.outputs),
        "seconds": outcome.seconds,
        "settled_at": _now(),
    }
    with engine.begin() as connection:
        changed = connection.execute(update(_arrivals).where(_is(key)).values(**values)).rowcount
    if changed != 1:
        raise KeyError(f"ledger has no claim of {key}; claim() it before settle()")


def release(engine: Engine, key: Key) -> None:
    """Undo a claim, as if the content had never been seen (it changed while it was read)."""
    with engine.begin() as connection:
        connection.execute(delete(_arrivals).where(_is(key), _arrivals.c.state == "claimed"))


def entries(engine: Engine, *, state: State | None = None, sha256: str = "", limit: int = 1000) -> list[Entry]:
    """Rows, newest claim first, of one state (all without one) whose hash begins with `sha256`."""
    query = select(_arrivals).where(_arrivals.c.sha256.startswith(sha256, autoescape=True))
    if state is not None:
        query = query.where(_arrivals.c.state == state)
    query = query.order_by(_arrivals.c.claimed_at.desc(), _arrivals.c.id.desc()).limit(limit)
    with engine.connect() as connection:
        return [_entry(row._mapping) for row in connection.execute(query)]


def retry(engine: Engine, sha256: str) -> int:
    """Let the contents whose hash begins with `sha256` be scored again; returns how many rows that are."""
    values = {"state": "failed", "attempts": 0, "reason": "retry asked for"}
    settled = and_(_begins(sha256), _arrivals.c.state != "claimed")
    with engine.begin() as connection:
        return connection.execute(update(_arrivals).where(settled).values(**values)).rowcount


def forget(engine: Engine, sha256: str) -> int:
    """Delete the rows whose hash begins with `sha256`; returns how many."""
    with engine.begin() as connection:
        return connection.execute(delete(_arrivals).where(_begins(sha256))).rowcount


def _claim_again(engine: Engine, key: Key, source: str, max_attempts: int) -> bool:
    with engine.connect() as connection:
        seen = connection.execute(select(_arrivals).where(_is(key))).mappings().one_or_none()
    if seen is None:
        return claim(engine, key, source=source, max_attempts=max_attempts)
    abandoned = seen["state"] == "claimed" and _is_gone(seen["owner"], seen["claimed_at"])
    if seen["state"] != "failed" and not abandoned:
        return False
    if seen["attempts"] >= max_attempts:
        _give_up(engine, key, seen["attempts"], abandoned)
        return False
    unchanged = and_(_is(key), _arrivals.c.attempts == seen["attempts"], _arrivals.c.owner == seen["owner"])
    values = {**_claimed(source), "attempts": seen["attempts"] + 1}
    with engine.begin() as connection:
        return connection.execute(update(_arrivals).where(unchanged).values(**values)).rowcount == 1


def _give_up(engine: Engine, key: Key, attempts: int, abandoned: bool) -> None:
    if abandoned:
        settle(engine, key, Outcome("failed", f"its worker died {attempts} times; see its log, then ledger --retry"))


def _values(key: Key) -> dict[str, str]:
    return {"sha256": key.sha256, "model": key.model, "version": key.version}


def _claimed(source: str) -> dict[str, Any]:
    return {"state": "claimed", "source": source, "owner": _owner(), "claimed_at": _now(), "settled_at": None}


def _is(key: Key) -> ColumnElement[bool]:
    return and_(*(_arrivals.c[name] == value for name, value in _values(key).items()))


def _begins(sha256: str) -> ColumnElement[bool]:
    if len(sha256) < 6:
        raise ValueError(f"hash is {sha256!r}; give at least its first 6 digits")
    return _arrivals.c.sha256.startswith(sha256, autoescape=True)


def _entry(row: Any) -> Entry:
    fields = {name: row[name] for name in Entry.__dataclass_fields__}
    return Entry(**{**fields, "outputs": tuple(fields["outputs"])})


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _is_gone(owner: str, claimed_at: str) -> bool:
    """Whether the claiming process is known to have ended, or has been silent for longer than STALE."""
    if datetime.now(UTC) - datetime.fromisoformat(claimed_at) > STALE:
        return True
    host, _, process = owner.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _tune_sqlite(connection: Any, _record: Any) -> None:
    """Readers beside a writer, and patience with another process's lock."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()
