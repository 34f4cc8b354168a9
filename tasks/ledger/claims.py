"""Claims on contents and their outcomes: atomic, fenced by tokens, and safe to repeat."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Engine, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tasks.ledger.schema import scorings
from tasks.ledger.store import CHUNK, look_up, now, storable, transact
from tasks.ledger.workers import dead_owners

State: TypeAlias = Literal["discovered", "stable", "claimed", "scored", "published", "quarantined", "failed"]
STATES: tuple[State, ...] = ("discovered", "stable", "claimed", "scored", "published", "quarantined", "failed")
IN_PROGRESS = ("claimed", "scored")
DONE = ("published", "quarantined")
RETRY = "retry asked for"  # reason of a row that the next outcome of the same content and model replaces
RELEASED = "released by its worker before it was published; the next run takes it"


@dataclass(frozen=True)
class Key:
    """Unique key of a scoring: a content, a model, its version, and the hash of the bundle."""

    sha256: str
    model: str
    version: str
    spec_hash: str = ""


@dataclass(frozen=True)
class ClaimRequest:
    """A content that a worker asks for.

    Args:
        key: the content, and the bundle that is to score it.
        source: path or URL of the file, as shown to users.
        once: if true, a published score by any version of the model is sufficient.
        equivalents: further models whose published scores are sufficient then.
    """

    key: Key
    source: str
    once: bool = False
    equivalents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim:
    """A content that this worker holds as long as the token in its row is unchanged.

    Args:
        row: id of the row.
        token: fencing token; a worker that takes the claim over draws a new one.
        key: as requested.
        failures: number of earlier attempts that failed because of the file itself.
        own_folder: other versions have published scores of this content, so outputs go to a folder of this version.
        rebuilt: one of those versions has the same model and version number, but another bundle.
        former: sha256 by path of the files that the outcome replaces, of an earlier attempt or a row to be retried.
        retried: ids of those other rows.
    """

    row: int
    token: str
    key: Key
    failures: int = 0
    own_folder: bool = False
    rebuilt: bool = False
    former: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)
    retried: tuple[int, ...] = ()


@dataclass(frozen=True)
class ClaimOutcome:
    """Outcome of a claim: its new state, the reason, sha256 of each output by path, and durations in s."""

    claim: Claim
    state: State
    reason: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def acquire_claims(
    engine: Engine, requests: Sequence[ClaimRequest], *, owner: str, max_attempts: int = 3
) -> dict[Key, Claim]:
    """Claim contents for scoring; of several concurrent requests for one content exactly one succeeds.

    A content that failed, or whose owner is dead, can be claimed again, unless it has failed `max_attempts` times.

    Returns:
        The granted claims by key; a missing key is finished, or held by another worker.
    """
    rows = _rows_of(engine, {request.key.sha256 for request in requests})
    dead = dead_owners(engine, {row["owner"] for row in rows if row["state"] in IN_PROGRESS and row["owner"] != owner})
    token = secrets.token_hex(16)
    ordered = sorted(
        requests, key=lambda request: request.key.sha256
    )  # the same order in every worker avoids deadlocks

    def work(connection: Connection) -> dict[Key, Claim]:
        known = _by_sha256(_select_rows(connection, [request.key.sha256 for request in ordered]))
        for request in ordered:
            before = _row_of_key(known.get(request.key.sha256, ()), request.key)
            if _is_done(known.get(request.key.sha256, ()), request):
                continue
            if before is None:
                _insert(connection, request, owner, token)
            elif _is_claimable(before, dead, max_attempts):
                _reclaim(connection, before, request, (owner, token))
        return _granted(connection, ordered, token, known)

    return transact(engine, work)


def record_outcomes(engine: Engine, outcomes: Iterable[ClaimOutcome]) -> set[int]:
    """Record the outcomes of claims in one transaction; claims that another worker has taken over stay unchanged.

    Returns:
        Ids of the rows that this worker still held.
    """
    items = sorted(outcomes, key=lambda item: item.claim.row)

    def work(connection: Connection) -> set[int]:
        return {item.claim.row for item in items if _write(connection, item)}

    return transact(engine, work) if items else set()


def release_claims(engine: Engine, claims: Iterable[Claim]) -> None:
    """Release claims: their rows are deleted, or set to failed if they record failures or earlier outputs."""
    items = sorted(claims, key=lambda item: item.row)

    def work(connection: Connection) -> None:
        for item in items:
            before = connection.execute(select(scorings.c.outputs).where(_still_held(item))).scalar()
            if item.failures or before:
                values = {"state": "failed", "token": "", "settled_at": now(), "reason": RELEASED}
                connection.execute(update(scorings).where(_still_held(item)).values(**values))
            else:
                connection.execute(delete(scorings).where(_still_held(item)))

    if items:
        transact(engine, work)


def remove_retried(engine: Engine, claims: Iterable[Claim]) -> None:
    """Delete the rows that asked for a retry, after their contents have got an outcome by a newer version."""
    rows = [row for claim in claims for row in claim.retried]
    if rows:
        mine = scorings.c.id.in_(rows) & (scorings.c.reason == RETRY)
        transact(engine, lambda connection: connection.execute(delete(scorings).where(mine)))


def finished(engine: Engine, requests: Sequence[ClaimRequest]) -> set[Key]:
    """Return the keys that need no scoring."""
    known = _by_sha256(_rows_of(engine, {request.key.sha256 for request in requests}))
    return {request.key for request in requests if _is_done(known.get(request.key.sha256, ()), request)}


def _is_done(rows: Sequence[Mapping[str, Any]], request: ClaimRequest) -> bool:
    same = _row_of_key(rows, request.key)
    if same is not None:
        return str(same["state"]) in DONE
    models = {request.key.model, *request.equivalents}
    return request.once and any(row["model"] in models and row["state"] == "published" for row in rows)


def _is_claimable(row: Mapping[str, Any], dead: set[str], max_attempts: int) -> bool:
    if row["state"] in IN_PROGRESS:
        return row["owner"] in dead
    return bool(row["state"] == "failed" and row["failures"] < max_attempts)


def _row_of_key(rows: Sequence[Mapping[str, Any]], key: Key) -> Mapping[str, Any] | None:
    """Return the row of a key; a row of the first release has no bundle hash and matches any bundle."""
    for row in rows:
        spec_fits = row["spec_hash"] in {key.spec_hash, ""} or not key.spec_hash
        if (row["model"], row["version"]) == (key.model, key.version) and spec_fits:
            return row
    return None


def _insert(connection: Connection, request: ClaimRequest, owner: str, token: str) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {
        **vars(request.key),
        **_claim_values(request, owner, token),
        "attempts": 1,
        "failures": 0,
        "outputs": [],
        "hashes": {},
        "timings": {},
    }
    connection.execute(dialect.insert(scorings).values(**row).on_conflict_do_nothing())


def _reclaim(
    connection: Connection, before: Mapping[str, Any], request: ClaimRequest, owner_and_token: tuple[str, str]
) -> None:
    unchanged = and_(
        scorings.c.id == before["id"], scorings.c.token == before["token"], scorings.c.state == before["state"]
    )
    values = {**_claim_values(request, *owner_and_token), "attempts": before["attempts"] + 1}
    connection.execute(update(scorings).where(unchanged).values(**values))


def _claim_values(request: ClaimRequest, owner: str, token: str) -> dict[str, Any]:
    return {
        "state": "claimed",
        "source": storable(request.source),
        "owner": owner,
        "token": token,
        "reason": "",
        "claimed_at": now(),
        "settled_at": None,
    }


def _granted(
    connection: Connection,
    requests: Sequence[ClaimRequest],
    token: str,
    known: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[Key, Claim]:
    columns = (scorings.c.id, scorings.c.sha256, scorings.c.model, scorings.c.version, scorings.c.failures)
    keys = {(request.key.sha256, request.key.model, request.key.version): request.key for request in requests}
    claims = {}
    for row in connection.execute(select(*columns).where(scorings.c.token == token)):
        key = keys[(row.sha256, row.model, row.version)]
        others = [other for other in known.get(row.sha256, ()) if other["id"] != row.id]
        retried = [other for other in others if _is_retried(other) and other["model"] == key.model]
        kept = [other for other in others if other not in retried and _has_outputs(other)]
        earlier = [other for other in known.get(row.sha256, ()) if other["id"] == row.id]
        claims[key] = Claim(
            row.id,
            token,
            key,
            row.failures,
            own_folder=bool(kept),
            rebuilt=any((other["model"], other["version"]) == (key.model, key.version) for other in kept),
            former={path: other["hashes"].get(path, "") for other in (*retried, *earlier) for path in other["outputs"]},
            retried=tuple(other["id"] for other in retried),
        )
    return claims


def _is_retried(row: Mapping[str, Any]) -> bool:
    return bool(row["state"] == "failed" and row["reason"] == RETRY)


def _has_outputs(row: Mapping[str, Any]) -> bool:
    """Return whether a row has, or had, files in the outbox."""
    return row["state"] in {"scored", "published"} or bool(row["outputs"])


def _write(connection: Connection, item: ClaimOutcome) -> bool:
    values: dict[str, Any] = {"state": item.state, "reason": storable(item.reason), "seconds": item.seconds}
    values |= {"settled_at": None if item.state in IN_PROGRESS else now()}
    if item.hashes:
        paths = {storable(path): digest for path, digest in item.hashes.items()}
        values |= {"outputs": list(paths), "hashes": paths}
    if item.timings:
        values["timings"] = dict(item.timings)
    if item.state == "failed":
        values["failures"] = item.claim.failures + 1
    return connection.execute(update(scorings).where(_still_held(item.claim)).values(**values)).rowcount == 1


def _still_held(item: Claim) -> Any:
    return and_(scorings.c.id == item.row, scorings.c.token == item.token)


def _rows_of(engine: Engine, hashes: Iterable[str]) -> list[Mapping[str, Any]]:
    return look_up(engine, lambda connection: _select_rows(connection, sorted(hashes)))


def _select_rows(connection: Connection, hashes: Sequence[str]) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for start in range(0, len(hashes), CHUNK):
        query = select(scorings).where(scorings.c.sha256.in_(hashes[start : start + CHUNK]))
        rows += [dict(row._mapping) for row in connection.execute(query)]
    return rows


def _by_sha256(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["sha256"], []).append(row)
    return groups
