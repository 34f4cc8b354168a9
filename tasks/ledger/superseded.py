"""Results that are no longer needed: of versions whose contents a newer one has scored, and copies in quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select, update

from tasks.ledger.outputs import all_rows
from tasks.ledger.schema import reviews, scorings
from tasks.ledger.store import look_up, transact

REMOVED = "results removed by maintenance: a newer version has scored this content"


@dataclass(frozen=True)
class OldOutcome:
    """An outcome whose files may be removed.

    Args:
        row: id of the row.
        token: of the row, which changes if the content is claimed again.
        model, version: of the bundle.
        source: where the file arrived.
        sha256: of the content.
        hashes: sha256 by path of its files.
        settled_at: ISO 8601 in UTC.
    """

    row: int
    token: str
    model: str
    version: str
    source: str
    sha256: str
    hashes: Mapping[str, str]
    settled_at: str


def superseded(engine: Engine, before: str) -> list[OldOutcome]:
    """Return published outcomes older than a time (ISO 8601 in UTC) whose content a newer version has published.

    Not those of contents that somebody has reviewed: a review shows intervals of the results that it was made of.
    """
    newest, reviewed = _newest(engine), _reviewed(engine)
    return [
        _outcome(row)
        for row in all_rows(engine)
        if row["state"] == "published"
        and (row["settled_at"] or row["claimed_at"]) < before
        and row["id"] != newest.get((row["sha256"], row["model"]), row["id"])
        and row["sha256"] not in reviewed
    ]


def quarantined(engine: Engine, before: str) -> list[OldOutcome]:
    """Return outcomes in quarantine older than a time (ISO 8601 in UTC)."""
    rows = (row for row in all_rows(engine) if row["state"] == "quarantined")
    return [_outcome(row) for row in rows if (row["settled_at"] or row["claimed_at"]) < before]


def forget_outputs(engine: Engine, outcome: OldOutcome, kept: Iterable[str], reason: str = "") -> bool:
    """Record that only these files of an outcome are left; return False if the row has changed since."""
    hashes = {path: outcome.hashes[path] for path in kept}
    values: dict[str, Any] = {"outputs": list(hashes), "hashes": hashes} | ({"reason": reason} if reason else {})
    mine = (scorings.c.id == outcome.row) & (scorings.c.token == outcome.token)
    statement = update(scorings).where(mine).values(**values)
    return transact(engine, lambda connection: connection.execute(statement).rowcount) == 1


def paths_of_others(engine: Engine, outcomes: Sequence[OldOutcome]) -> set[str]:
    """Return the paths that rows other than these name."""
    mine = {outcome.row for outcome in outcomes}
    return {path for row in all_rows(engine) if row["id"] not in mine for path in row["outputs"]}


def _newest(engine: Engine) -> dict[tuple[str, str], int]:
    """Return the row that was claimed last, by content and model, among the published ones."""
    columns = (scorings.c.sha256, scorings.c.model, scorings.c.id)
    query = select(*columns).where(scorings.c.state == "published").order_by(scorings.c.claimed_at, scorings.c.id)
    return look_up(engine, lambda c: {(row.sha256, row.model): row.id for row in c.execute(query)})


def _reviewed(engine: Engine) -> set[str]:
    """Return the contents that have reviews."""
    query = select(reviews.c.sha256).distinct()
    return look_up(engine, lambda connection: {row.sha256 for row in connection.execute(query)})


def _outcome(row: Mapping[str, Any]) -> OldOutcome:
    hashes = {path: row["hashes"].get(path, "") for path in row["outputs"]}
    named = {name: row[name] for name in ("token", "model", "version", "source", "sha256")}
    return OldOutcome(row=row["id"], hashes=hashes, settled_at=row["settled_at"] or row["claimed_at"], **named)
