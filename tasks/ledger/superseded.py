"""Results that are no longer needed: of versions whose contents a newer one has scored, and copies in quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
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


@dataclass(frozen=True)
class OldOutcomes:
    """Old outcomes, of one reading of the ledger.

    Args:
        superseded: published ones whose content a newer version has published. Not those of contents that somebody has
            reviewed: a review shows intervals of the results that it was made of.
        quarantined: those in quarantine.
        named: number of rows by path of a file.
    """

    superseded: list[OldOutcome]
    quarantined: list[OldOutcome]
    named: Counter[str]

    def paths_of_others(self, outcomes: Sequence[OldOutcome]) -> set[str]:
        """Return the paths of some outcomes that rows other than theirs name, too."""
        mine = Counter(path for outcome in outcomes for path in outcome.hashes)
        return {path for path, count in mine.items() if self.named[path] > count}


def old_outcomes(engine: Engine, *, published_before: str, quarantined_before: str) -> OldOutcomes:
    """Return the outcomes older than given times (ISO 8601 in UTC); the rows are read once."""
    newest, reviewed = _newest(engine), _reviewed(engine)
    found = OldOutcomes([], [], Counter())
    for row in all_rows(engine):
        found.named.update(row["outputs"])
        settled = row["settled_at"] or row["claimed_at"]
        if row["state"] == "quarantined" and settled < quarantined_before:
            found.quarantined.append(_outcome(row))
        elif row["state"] == "published" and settled < published_before:
            latest = newest.get((row["sha256"], row["model"]), row["id"])
            if row["id"] != latest and row["sha256"] not in reviewed:
                found.superseded.append(_outcome(row))
    return found


def named_meanwhile(engine: Engine, outcome: OldOutcome, outcomes: Collection[int]) -> set[str]:
    """Return the files of an outcome that a row of the same content names now, other than the given rows.

    Scoring goes on while old results are removed: a version may have refused the same content since the reading.
    """
    query = select(scorings.c.id, scorings.c.outputs).where(scorings.c.sha256 == outcome.sha256)
    rows = look_up(engine, lambda connection: list(connection.execute(query)))
    return {path for row in rows if row.id not in outcomes for path in row.outputs if path in outcome.hashes}


def forget_outputs(engine: Engine, outcome: OldOutcome, kept: Iterable[str], reason: str = "") -> bool:
    """Record that only these files of an outcome are left; return False if the row has changed since."""
    hashes = {path: outcome.hashes[path] for path in kept}
    values: dict[str, Any] = {"outputs": list(hashes), "hashes": hashes} | ({"reason": reason} if reason else {})
    mine = (scorings.c.id == outcome.row) & (scorings.c.token == outcome.token)
    statement = update(scorings).where(mine).values(**values)
    return transact(engine, lambda connection: connection.execute(statement).rowcount) == 1


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
