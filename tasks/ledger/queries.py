"""Queries behind `sondeflow ledger`: list, filter, retry, forget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, exists, func, select, true, update

from tasks.ledger.claims import IN_PROGRESS, RETRY, State
from tasks.ledger.schema import observations, scorings
from tasks.ledger.store import CHUNK, look_up, transact

WAITING = ("discovered", "stable")


@dataclass(frozen=True)
class Filter:
    """Conditions on rows; an empty field matches every row.

    Args:
        state: one state.
        model: a model's name, or name and version ("sondeflow-logs-v3").
        sha256: prefix of a content's hash.
        name: substring of a path or URL.
        since: ISO 8601; rows claimed (or files seen) at or after it.
    """

    state: State | None = None
    model: str = ""
    sha256: str = ""
    name: str = ""
    since: str = ""


@dataclass(frozen=True)
class Entry:
    """One row of the ledger; times are ISO 8601 in UTC, durations in s."""

    sha256: str
    model: str
    version: str
    spec_hash: str
    state: State
    source: str
    owner: str
    attempts: int
    failures: int
    reason: str
    outputs: tuple[str, ...]
    hashes: Mapping[str, str]
    timings: Mapping[str, float]
    claimed_at: str
    settled_at: str | None
    seconds: float | None


NO_FILTER = Filter()


def entries(engine: Engine, which: Filter = NO_FILTER, *, limit: int = 1000) -> list[Entry]:
    """Return matching rows, newest claim first, after the files that no version has claimed yet."""

    def work(connection: Connection) -> list[Entry]:
        waiting = [] if which.model else _waiting(connection, which, limit)
        if which.state in WAITING:
            return waiting
        query = select(scorings).where(_matches(which))
        query = query.order_by(scorings.c.claimed_at.desc(), scorings.c.id.desc()).limit(limit)
        rows = [_entry(dict(row._mapping)) for row in connection.execute(query)]
        return (waiting + rows if which.state is None else rows)[:limit]

    return look_up(engine, work)


def count_recent(engine: Engine, since: str) -> tuple[int, int]:
    """Return the number of contents with an outcome since a time (ISO 8601 in UTC), and of those in quarantine."""
    states = ("published", "quarantined", "failed")
    query = select(scorings.c.state, func.count()).where(scorings.c.claimed_at >= since, scorings.c.state.in_(states))
    query = query.group_by(scorings.c.state)
    found = look_up(engine, lambda connection: {str(state): int(count) for state, count in connection.execute(query)})
    return sum(found.values()), found.get("quarantined", 0)


def owners_in_progress(engine: Engine, hashes: Iterable[str]) -> dict[str, str]:
    """Return the owner of each content that is being scored, by sha256."""
    wanted = sorted(hashes)

    def work(connection: Connection) -> dict[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(wanted), CHUNK):
            mine = scorings.c.sha256.in_(wanted[start : start + CHUNK]) & scorings.c.state.in_(IN_PROGRESS)
            found |= {
                row[0]: row[1] for row in connection.execute(select(scorings.c.sha256, scorings.c.owner).where(mine))
            }
        return found

    return look_up(engine, work)


def retry(engine: Engine, which: Filter) -> int:
    """Allow the contents to be scored again and reset their failure counts; return the number of rows.

    Contents that are being scored now are not changed. The next outcome replaces these rows and their files.
    """
    values = {"state": "failed", "failures": 0, "reason": RETRY, "token": ""}
    settled = and_(_matches(which), scorings.c.state.not_in(IN_PROGRESS))
    return transact(engine, lambda c: c.execute(update(scorings).where(settled).values(**values)).rowcount)


def forget(engine: Engine, which: Filter) -> int:
    """Delete the rows and the observations of their files; return the number of rows."""

    def work(connection: Connection) -> int:
        named = select(scorings.c.sha256).where(_matches(which))
        connection.execute(delete(observations).where(observations.c.sha256.in_(named)))
        return connection.execute(delete(scorings).where(_matches(which))).rowcount

    return transact(engine, work)


def _matches(which: Filter) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [scorings.c.sha256.startswith(which.sha256, autoescape=True)]
    if which.state is not None:
        parts.append(scorings.c.state == which.state)
    if which.model:
        name = scorings.c.model == which.model
        parts.append(name | (scorings.c.model + "-v" + scorings.c.version == which.model))
    if which.name:
        parts.append(scorings.c.source.contains(which.name, autoescape=True))
    if which.since:
        parts.append(scorings.c.claimed_at >= which.since)
    return and_(*parts)


def _waiting(connection: Connection, which: Filter, limit: int) -> list[Entry]:
    if which.state not in {None, *WAITING}:
        return []
    claimed = exists().where(scorings.c.sha256 == observations.c.sha256)
    parts = [
        ~claimed,
        observations.c.sha256.startswith(which.sha256, autoescape=True),
        observations.c.state == which.state if which.state else true(),
        observations.c.path.contains(which.name, autoescape=True),
        observations.c.first_seen >= which.since,
    ]
    query = select(observations).where(*parts).order_by(observations.c.first_seen.desc()).limit(limit)
    return [_waiting_entry(dict(row._mapping)) for row in connection.execute(query)]


def _waiting_entry(row: Mapping[str, Any]) -> Entry:
    seen, state = row["first_seen"], row["state"]
    return Entry(row["sha256"], "", "", "", state, row["path"], "", 0, 0, "", (), {}, {}, seen, None, None)


def _entry(row: Mapping[str, Any]) -> Entry:
    fields = {name: row[name] for name in Entry.__dataclass_fields__}
    return Entry(**{**fields, "outputs": tuple(fields["outputs"])})
