"""Claiming contents and settling how it went: atomic, fenced, and safe to repeat."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Engine, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tasks.ledger.schema import scorings
from tasks.ledger.store import CHUNK, look_up, now, storable, transact
from tasks.ledger.workers import dead_among

State: TypeAlias = Literal["discovered", "stable", "claimed", "scored", "published", "quarantined", "failed"]
STATES: tuple[State, ...] = ("discovered", "stable", "claimed", "scored", "published", "quarantined", "failed")
HELD = ("claimed", "scored")
DONE = ("published", "quarantined")
RELEASED = "given back by its worker before it was published; the next run takes it"


@dataclass(frozen=True)
class Key:
    """What must not happen twice: this content under this version of this model, with this bundle's hash."""

    sha256: str
    model: str
    version: str
    spec_hash: str = ""


@dataclass(frozen=True)
class Wanted:
    """A content to be claimed.

    Args:
        key: what is to be scored by what.
        source: its path or URL, for people.
        once: whether a score by any version of the model will do.
    """

    key: Key
    source: str
    once: bool = False


@dataclass(frozen=True)
class Claim:
    """A content that is ours until the token changes.

    Args:
        row: its row's id.
        token: the fence: whoever takes the claim over draws another one.
        key: as asked for.
        failures: how often it failed by its own fault.
        beside: other versions have published scores of this content: nothing of theirs may be written over.
        rebuilt: and one of them bears the same model and version, with another bundle.
    """

    row: int
    token: str
    key: Key
    failures: int = 0
    beside: bool = False
    rebuilt: bool = False


@dataclass(frozen=True)
class Settlement:
    """How a claim goes on: its next state, why, what was written (hashes by path), and how long it took in s."""

    claim: Claim
    state: State
    reason: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def claim(engine: Engine, wanted: Sequence[Wanted], *, owner: str, max_attempts: int = 3) -> dict[Key, Claim]:
    """Take contents for scoring: each goes to exactly one of all that ask at once.

    A content that failed, or whose owner is dead, is taken again; one that failed `max_attempts` times is not.

    Returns:
        The claims that were had; what is missing is done, or in other hands.
    """
    rows = _rows_of(engine, {want.key.sha256 for want in wanted})
    dead = dead_among(engine, {row["owner"] for row in rows if row["state"] in HELD and row["owner"] != owner})
    token = secrets.token_hex(16)
    ordered = sorted(wanted, key=lambda want: want.key.sha256)  # one order for all: no deadlocks

    def work(connection: Connection) -> dict[Key, Claim]:
        known = _group(_select(connection, [want.key.sha256 for want in ordered]))
        for want in ordered:
            before = _same(known.get(want.key.sha256, ()), want.key)
            if _is_done(known.get(want.key.sha256, ()), want):
                continue
            if before is None:
                _insert(connection, want, owner, token)
            elif _is_open(before, dead, max_attempts):
                _take(connection, before, want, (owner, token))
        return _taken(connection, ordered, token, known)

    return transact(engine, work)


def settle(engine: Engine, settlements: Iterable[Settlement]) -> set[int]:
    """Write down how claims went on, all in one transaction; those taken over by others meanwhile stay untouched.

    Returns:
        The rows that were still ours.
    """
    items = sorted(settlements, key=lambda item: item.claim.row)

    def work(connection: Connection) -> set[int]:
        return {item.claim.row for item in items if _write(connection, item)}

    return transact(engine, work) if items else set()


def release(engine: Engine, claims: Iterable[Claim]) -> None:
    """Undo claims: as if they had never been made, but failures and earlier outputs stay written down."""
    items = sorted(claims, key=lambda item: item.row)

    def work(connection: Connection) -> None:
        for item in items:
            before = connection.execute(select(scorings.c.outputs).where(_ours(item))).scalar()
            if item.failures or before:
                values = {"state": "failed", "token": "", "settled_at": now(), "reason": RELEASED}
                connection.execute(update(scorings).where(_ours(item)).values(**values))
            else:
                connection.execute(delete(scorings).where(_ours(item)))

    if items:
        transact(engine, work)


def finished(engine: Engine, wanted: Sequence[Wanted]) -> set[Key]:
    """Those of the keys that need no scoring any more."""
    known = _group(_rows_of(engine, {want.key.sha256 for want in wanted}))
    return {want.key for want in wanted if _is_done(known.get(want.key.sha256, ()), want)}


def _is_done(rows: Sequence[Mapping[str, Any]], want: Wanted) -> bool:
    same = _same(rows, want.key)
    if same is not None:
        return str(same["state"]) in DONE
    return want.once and any(row["model"] == want.key.model and row["state"] == "published" for row in rows)


def _is_open(row: Mapping[str, Any], dead: set[str], max_attempts: int) -> bool:
    if row["state"] in HELD:
        return row["owner"] in dead
    return bool(row["state"] == "failed" and row["failures"] < max_attempts)


def _same(rows: Sequence[Mapping[str, Any]], key: Key) -> Mapping[str, Any] | None:
    """The row of a key; rows of the first release know no bundle's hash and stand for any."""
    for row in rows:
        spec_fits = row["spec_hash"] in {key.spec_hash, ""} or not key.spec_hash
        if (row["model"], row["version"]) == (key.model, key.version) and spec_fits:
            return row
    return None


def _insert(connection: Connection, want: Wanted, owner: str, token: str) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {
        **vars(want.key),
        **_claimed(want, owner, token),
        "attempts": 1,
        "failures": 0,
        "outputs": [],
        "hashes": {},
        "timings": {},
    }
    connection.execute(dialect.insert(scorings).values(**row).on_conflict_do_nothing())


def _take(connection: Connection, before: Mapping[str, Any], want: Wanted, hand: tuple[str, str]) -> None:
    unchanged = and_(
        scorings.c.id == before["id"], scorings.c.token == before["token"], scorings.c.state == before["state"]
    )
    values = {**_claimed(want, *hand), "attempts": before["attempts"] + 1}
    connection.execute(update(scorings).where(unchanged).values(**values))


def _claimed(want: Wanted, owner: str, token: str) -> dict[str, Any]:
    return {
        "state": "claimed",
        "source": storable(want.source),
        "owner": owner,
        "token": token,
        "reason": "",
        "claimed_at": now(),
        "settled_at": None,
    }


def _taken(
    connection: Connection, wanted: Sequence[Wanted], token: str, known: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[Key, Claim]:
    columns = (scorings.c.id, scorings.c.sha256, scorings.c.model, scorings.c.version, scorings.c.failures)
    keys = {(want.key.sha256, want.key.model, want.key.version): want.key for want in wanted}
    claims = {}
    for row in connection.execute(select(*columns).where(scorings.c.token == token)):
        key = keys[(row.sha256, row.model, row.version)]
        others = [other for other in known.get(row.sha256, ()) if other["id"] != row.id and _left_something(other)]
        rebuilt = any((other["model"], other["version"]) == (key.model, key.version) for other in others)
        claims[key] = Claim(row.id, token, key, row.failures, beside=bool(others), rebuilt=rebuilt)
    return claims


def _left_something(row: Mapping[str, Any]) -> bool:
    """Whether a row has, or had, files in the outbox."""
    return row["state"] in {"scored", "published"} or bool(row["outputs"])


def _write(connection: Connection, item: Settlement) -> bool:
    values: dict[str, Any] = {"state": item.state, "reason": storable(item.reason), "seconds": item.seconds}
    values |= {"settled_at": None if item.state in HELD else now()}
    if item.hashes:
        paths = {storable(path): digest for path, digest in item.hashes.items()}
        values |= {"outputs": list(paths), "hashes": paths}
    if item.timings:
        values["timings"] = dict(item.timings)
    if item.state == "failed":
        values["failures"] = item.claim.failures + 1
    return connection.execute(update(scorings).where(_ours(item.claim)).values(**values)).rowcount == 1


def _ours(item: Claim) -> Any:
    return and_(scorings.c.id == item.row, scorings.c.token == item.token)


def _rows_of(engine: Engine, hashes: Iterable[str]) -> list[Mapping[str, Any]]:
    return look_up(engine, lambda connection: _select(connection, sorted(hashes)))


def _select(connection: Connection, hashes: Sequence[str]) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for start in range(0, len(hashes), CHUNK):
        query = select(scorings).where(scorings.c.sha256.in_(hashes[start : start + CHUNK]))
        rows += [dict(row._mapping) for row in connection.execute(query)]
    return rows


def _group(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["sha256"], []).append(row)
    return groups
