"""What the ledger remembers of an inbox: which path had which stamp since when, and which content that was."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from tasks.ledger.schema import sightings
from tasks.ledger.store import CHUNK, look_up, now, storable, transact, upsert
from tasks.ledger.workers import boot_id


@dataclass(frozen=True)
class Sighting:
    """A path as it was last seen.

    Args:
        path: as shown to people.
        stamp: size and times; another stamp is another file.
        sha256: of the content, "" until it was hashed.
        unchanged_s: for how long this machine has seen this stamp, 0 where it cannot tell.
        first_seen: when the path was first seen, ISO 8601 in UTC.
    """

    path: str
    stamp: str
    sha256: str = ""
    unchanged_s: float = 0.0
    first_seen: str = ""


def recall(engine: Engine, paths: Iterable[str]) -> dict[str, Sighting]:
    """What is known of these paths."""
    places = {_place(path): path for path in paths}

    def work(connection: Connection) -> dict[str, Sighting]:
        rows = _rows(connection, list(places))
        return {places[row["place"]]: _sighting(row) for row in rows}

    return look_up(engine, work)


def remember(engine: Engine, seen: Sequence[Sighting]) -> None:
    """Write down what was seen; the watch of a stamp that is known goes on, another stamp starts one."""
    places = {_place(sighting.path): sighting for sighting in seen}

    def work(connection: Connection) -> None:
        known = {row["place"]: row for row in _rows(connection, list(places))}
        upsert(connection, sightings, [_row(place, places[place], known.get(place)) for place in sorted(places)])

    if places:
        transact(engine, work)


def _row(place: str, sighting: Sighting, before: Mapping[str, Any] | None) -> dict[str, Any]:
    same = before is not None and before["stamp"] == sighting.stamp and before["boot"] == boot_id()
    return {
        "place": place,
        "path": storable(sighting.path),
        "stamp": sighting.stamp,
        "state": "stable" if sighting.sha256 else "discovered",
        "sha256": sighting.sha256,
        "boot": boot_id(),
        "clock": before["clock"] if same and before is not None else time.monotonic(),
        "first_seen": before["first_seen"] if before is not None else now(),
        "seen_at": now(),
    }


def _sighting(row: Mapping[str, Any]) -> Sighting:
    unchanged = time.monotonic() - row["clock"] if row["boot"] == boot_id() else 0.0
    return Sighting(row["path"], row["stamp"], row["sha256"], unchanged, row["first_seen"])


def _rows(connection: Connection, places: Sequence[str]) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for start in range(0, len(places), CHUNK):
        query = select(sightings).where(sightings.c.place.in_(places[start : start + CHUNK]))
        rows += [dict(row._mapping) for row in connection.execute(query)]
    return rows


def _place(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()
