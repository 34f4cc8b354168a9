"""Comparison of the ledger with the files in the outbox: lost, altered and moved results."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, Engine, select, update

from aemodels.io.remote import is_url
from tasks.ledger.claims import DONE, RETRY
from tasks.ledger.schema import scorings
from tasks.ledger.store import look_up, transact
from tasks.storage.results import result_digest, result_exists

ProblemKind: TypeAlias = Literal["lost", "altered", "unreadable"]
ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class Output:
    """A file that a row of the ledger names.

    Args:
        row: id of the row.
        state: of the row.
        sha256: of the file; "" for a row of the first release.
    """

    row: int
    state: str
    sha256: str


@dataclass(frozen=True)
class Problem:
    """A result that is not what the ledger says."""

    kind: ProblemKind
    path: str
    found: str
    sha256: str  # of the content that was scored
    model: str
    source: str
    row: int


@dataclass
class Verification:
    """Comparison of a ledger with its outboxes.

    Args:
        contents: rows that should have results.
        files: their files.
        moved: files found in the present outbox instead of a former one.
        problems: files that are lost, altered or unreadable.
        lost_outboxes: folders of which nothing is left, with the number of their files.
    """

    contents: int = 0
    files: int = 0
    moved: int = 0
    problems: list[Problem] = field(default_factory=list)
    lost_outboxes: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> set[int]:
        """Ids of the rows with problems."""
        return {problem.row for problem in self.problems}


def recorded_outputs(engine: Engine) -> Iterator[tuple[str, Output]]:
    """Yield path and record of every file that any row names, also of scorings in progress."""
    for row in all_rows(engine):
        for path in row["outputs"]:
            yield path, Output(row["id"], row["state"], row["hashes"].get(path, ""))


def verify_outputs(engine: Engine, outbox: Path, folders: Sequence[str]) -> Verification:
    """Compare every result that the ledger names with its file; those of an outbox that was moved are found again.

    Paths of moved results are corrected in the ledger, if the hash is the recorded one.

    Args:
        engine: the ledger.
        outbox: the present outbox.
        folders: names of the folders in an outbox.
    """
    done = Verification()
    shared = _hashes_in_quarantine(engine)
    for row in all_rows(engine):
        if row["state"] not in DONE:
            continue
        done.contents += 1
        allowed = {path: shared.get(path, {row["hashes"].get(path, "")}) for path in row["outputs"]}
        present = {path: _present(path, hashes, outbox, folders) for path, hashes in allowed.items()}
        changed = {path: here for path, here in present.items() if path != here}
        for path, here in present.items():
            done.files += 1
            if (problem := _problem(row, path, here, allowed[path])) is not None:
                done.problems.append(problem)
        if changed:
            done.moved += len(changed)
            _correct(engine, row, present)
    done.lost_outboxes = _lost_outboxes(done.problems, folders)
    return done


def allow_again(engine: Engine, rows: set[int]) -> int:
    """Allow the contents of rows to be scored again; return the number of rows that were changed."""
    values = {"state": "failed", "failures": 0, "reason": RETRY, "token": ""}

    def work(connection: Connection) -> int:
        mine = scorings.c.id.in_(rows) & scorings.c.state.in_(DONE)
        return connection.execute(update(scorings).where(mine).values(**values)).rowcount

    return transact(engine, work)


def remove_former(former: Mapping[str, str], present: Iterable[str], outbox: Path) -> int:
    """Delete files of an earlier attempt that a newer outcome replaces, and folders that are empty then.

    Args:
        former: sha256 by path; a file that was altered since is kept.
        present: paths of the newer outcome.
        outbox: of the newer outcome; results in another one are kept.

    Returns:
        Number of deleted files.
    """
    kept, found = set(present), 0
    for path, digest in former.items():
        if path in kept or not Path(path).is_relative_to(outbox) or not digest or result_digest(path) != digest:
            continue
        with contextlib.suppress(OSError):  # of a disk that is away; `maintain` finds it later
            Path(path).unlink()
            found += 1
            Path(path).parent.rmdir()  # fails unless it is empty
    return found


def outbox_of(path: str, folders: Sequence[str]) -> str:
    """Return the outbox that holds a result: what stands before the last name of a folder of outboxes.

    >>> outbox_of("/data/outbox/scores/kind=logs/bundle=a-v1/0.parquet", ["scores", "las"])
    '/data/outbox'
    """
    if is_url(path):
        scheme, _, rest = path.partition("://")
        return f"{scheme}://{outbox_of(rest, folders)}"
    parts = Path(path).parts
    found = [index for index, part in enumerate(parts[:-1]) if part in folders]
    return str(Path(*parts[: found[-1]])) if found else str(Path(path).parent)


def _present(path: str, hashes: set[str], outbox: Path, folders: Sequence[str]) -> str:
    """Return where a result lies: at its path, else in the present outbox if its content is a recorded one."""
    if is_url(path) or result_exists(path):
        return path
    here = str(outbox / Path(path).relative_to(outbox_of(path, folders)))
    return here if result_digest(here) in hashes - {""} else path


def _hashes_in_quarantine(engine: Engine) -> dict[str, set[str]]:
    """Return the recorded hashes by path: a content that several versions have refused is in quarantine once."""
    found: dict[str, set[str]] = {}
    for row in all_rows(engine):
        if row["state"] == "quarantined":
            for path in row["outputs"]:
                found.setdefault(path, set()).add(row["hashes"].get(path, ""))
    return found


def _problem(row: Mapping[str, Any], path: str, here: str, expected: set[str]) -> Problem | None:
    made: ProblemKind | None = None
    found = ""
    if not result_exists(here):
        made, found = "lost", "no such file"
    elif path == here:  # a moved one was compared already
        digest = result_digest(here)
        if not digest:
            made, found = "unreadable", "it cannot be read"
        elif not expected & {"", digest}:
            made, found = "altered", f"sha256 is {digest[:12]}…; recorded {max(expected)[:12]}…"
    if made is None:
        return None
    model = f"{row['model']}-v{row['version']}"
    return Problem(made, path, found, row["sha256"], model, row["source"], row["id"])


def _lost_outboxes(problems: Sequence[Problem], folders: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for problem in problems:
        root = outbox_of(problem.path, folders)
        if problem.kind == "lost" and not is_url(root) and not any((Path(root) / name).is_dir() for name in folders):
            counts[root] = counts.get(root, 0) + 1
    return counts


def _correct(engine: Engine, row: Mapping[str, Any], present: Mapping[str, str]) -> None:
    values = {
        "outputs": list(present.values()),
        "hashes": {present[path]: digest for path, digest in row["hashes"].items() if path in present},
    }
    mine = (scorings.c.id == row["id"]) & (scorings.c.token == row["token"])
    transact(engine, lambda connection: connection.execute(update(scorings).where(mine).values(**values)))


def all_rows(engine: Engine) -> Iterator[Mapping[str, Any]]:
    """Yield all rows with outputs, in parts, so that no transaction stays open while files are hashed."""
    last = 0
    while True:
        query = select(scorings).where(scorings.c.id > last).order_by(scorings.c.id).limit(ROWS_AT_ONCE)
        part = look_up(engine, lambda connection, query=query: list(connection.execute(query)))  # type: ignore[misc]
        for row in part:
            if row.outputs:
                yield dict(row._mapping)
        if not part:
            return
        last = part[-1].id
