"""Cache of file summaries: only score files that are new or were written again are read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aemodels.core.errors import DataError

VERSION = 3  # of the summaries; another one empties the cache
_TABLE = "create table if not exists kept (name text primary key, state text, value text) without rowid"


@contextlib.contextmanager
def open_cache(folder: Path, outbox: str) -> Iterator[sqlite3.Connection]:
    """Open the cache of an outbox, and store what was added if the block succeeds.

    A damaged cache is made again: it holds nothing that the outbox does not.

    Args:
        folder: of the caches; it is created.
        outbox: absolute path, or address, of the outbox whose summaries are kept.

    Raises:
        DataError: if it cannot be read or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(outbox.encode(errors='surrogateescape')).hexdigest()[:16]}.db"
    try:
        try:
            connection = _connect(path)
        except sqlite3.OperationalError:  # locked, or no room: it is not damaged
            raise
        except sqlite3.DatabaseError:
            path.unlink()
            connection = _connect(path)
        with contextlib.closing(connection), connection:
            yield connection
    except sqlite3.Error as error:
        raise DataError(
            f"{path}: found {error}; expected a cache that can be read and written; delete it if it is damaged"
        ) from error


def kept(cache: sqlite3.Connection, prefix: str) -> dict[str, tuple[str, str]]:
    """Return name → (state, JSON text) of everything whose name begins with `prefix`."""
    rows = cache.execute(
        "select name, state, value from kept where name >= ? and name < ?", (prefix, prefix + "\uffff")
    )
    return {name: (state, value) for name, state, value in rows}


def keep(cache: sqlite3.Connection, items: Mapping[str, tuple[str, Any]]) -> None:
    """Keep values under their names, with the state of their files."""
    rows = ((name, state, json.dumps(value)) for name, (state, value) in items.items())
    cache.executemany("insert or replace into kept values (?, ?, ?)", rows)


def everything(cache: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """Return name → (state, JSON text) of all that is kept."""
    return {name: (state, value) for name, state, value in cache.execute("select name, state, value from kept")}


def add_missing(cache: sqlite3.Connection, items: Mapping[str, tuple[str, str]]) -> None:
    """Keep JSON texts of another cache under names that this one has not."""
    rows = ((name, state, value) for name, (state, value) in items.items())
    cache.executemany("insert or ignore into kept values (?, ?, ?)", rows)


def forget(cache: sqlite3.Connection, names: Iterable[str]) -> None:
    """Delete names."""
    cache.executemany("delete from kept where name = ?", ((name,) for name in names))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60)
    try:
        found = connection.execute("pragma user_version").fetchone()[0]
        if found != VERSION:
            connection.execute("drop table if exists kept")
            connection.execute(f"pragma user_version = {VERSION}")
        connection.execute(_TABLE)
        connection.execute("select count(*) from kept").fetchone()
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection
