"""Observations of an inbox: the stamp of each path, since when it is unchanged, and the hash of its content."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from tasks.ledger.schema import observations
from tasks.ledger.store import CHUNK, look_up, now, storable, transact, upsert
from tasks.ledger.workers import boot_id


@dataclass(frozen=True)
class FileObservation:
    """A path as it was last observed.

    Args:
        path: as shown to users.
        stamp: size and times of the file; a different stamp means a different file.
        sha256: of the content, "" until it is hashed.
        unchanged_s: time in s for which this machine has observed this stamp, 0 if unknown.
        first_seen: time of the first observation of the path, ISO 8601 in UTC.
    """

    path: str
    stamp: str
    sha256: str = ""
    unchanged_s: float = 0.0
    first_seen: str = ""


def load_observations(engine: Engine, paths: Iterable[str]) -> dict[str, FileObservation]:
    """Return the last observation of each path that the ledger knows."""
    by_hash = {hash_of_path(path): path for path in paths}

    def work(connection: Connection) -> dict[str, FileObservation]:
        rows = _rows(connection, list(by_hash))
        return {by_hash[row["path_sha256"]]: _observation(row) for row in rows}

    return look_up(engine, work)


def save_observations(engine: Engine, seen: Sequence[FileObservation]) -> None:
    """Store observations; the clock of an unchanged stamp continues, that of a new stamp starts now."""
    by_hash = {hash_of_path(observation.path): observation for observation in seen}

    def work(connection: Connection) -> None:
        known = {row["path_sha256"]: row for row in _rows(connection, list(by_hash))}
        upsert(connection, observations, [_row(key, by_hash[key], known.get(key)) for key in sorted(by_hash)])

    if by_hash:
        transact(engine, work)


def _row(path_sha256: str, observation: FileObservation, before: Mapping[str, Any] | None) -> dict[str, Any]:
    same = before is not None and before["stamp"] == observation.stamp and before["boot"] == boot_id()
    return {
        "path_sha256": path_sha256,
        "path": storable(observation.path),
        "stamp": observation.stamp,
        "state": "stable" if observation.sha256 else "discovered",
        "sha256": observation.sha256,
        "boot": boot_id(),
        "clock": before["clock"] if same and before is not None else time.monotonic(),
        "first_seen": before["first_seen"] if before is not None else now(),
        "seen_at": now(),
    }


def _observation(row: Mapping[str, Any]) -> FileObservation:
    unchanged = time.monotonic() - row["clock"] if row["boot"] == boot_id() else 0.0
    return FileObservation(row["path"], row["stamp"], row["sha256"], unchanged, row["first_seen"])


def _rows(connection: Connection, path_hashes: Sequence[str]) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for start in range(0, len(path_hashes), CHUNK):
        query = select(observations).where(observations.c.path_sha256.in_(path_hashes[start : start + CHUNK]))
        found = connection.execute(query)
        rows += [{column.key: row._mapping[column] for column in observations.c} for row in found]
    return rows


def hash_of_path(path: str) -> str:
    """Return the key of a path: the sha256 of its bytes."""
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()
