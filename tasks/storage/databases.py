"""Copies of whole databases: SQLite by its online backup, PostgreSQL by the client programs of the server."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from aemodels.core.errors import SondeflowError
from tasks.address import Address, hide_credentials
from tasks.storage.postgres_programs import client_program

BUSY_SECONDS = 60.0  # patience with a writer that holds a SQLite file
MIN_FREE_SHARE = 0.2  # of the pages of a file; below it is not worth writing the file again


class DatabaseCopyError(SondeflowError):
    """A database could not be copied or loaded."""


def sqlite_path(address: Address | str) -> Path | None:
    """Return the file of a SQLite database; None for any other address, or for one in memory.

    >>> sqlite_path("sqlite:////data/ledger.db")
    PosixPath('/data/ledger.db')
    """
    text = address.reveal() if isinstance(address, Address) else address
    if not text.startswith("sqlite"):
        return None
    name = make_url(text).database
    return None if name in {None, "", ":memory:"} else Path(str(name))


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite database as it is at one moment, also while others write to it.

    Raises:
        DatabaseCopyError: if it is damaged, or remains locked.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as reading,
            closing(sqlite3.connect(target)) as writing,
        ):
            reading.backup(writing)
            found = writing.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise DatabaseCopyError(f"{source}: {error}; expected a SQLite database that can be read") from error
    if found != "ok":
        raise DatabaseCopyError(f"{source} is damaged: {found}; restore it from a backup")


def shrink_sqlite(path: Path) -> bool:
    """Return the free pages of a SQLite file to the disk if they are many; return False if others keep it locked."""
    if _free_share(path) < MIN_FREE_SHARE:
        return True
    try:
        with closing(sqlite3.connect(path, timeout=5.0, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError:
        return False
    return True


def damage_of(path: Path) -> str:
    """Return what is wrong with a SQLite file, "" if it is whole."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return "" if found == "ok" else found


def _free_share(path: Path) -> float:
    """Return the share of free pages of a SQLite file; 0 if it cannot be read now."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            free, pages = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count")
            )
    except sqlite3.Error:
        return 0.0
    return float(free) / max(1, int(pages))


def dump_postgres(address: Address, target: Path, passfile: Path | None = None) -> None:
    """Write a PostgreSQL database to a file, as it is at one moment.

    Args:
        address: of the database.
        target: the file, in the format of pg_restore.
        passfile: PostgreSQL's file of passwords, if the address holds none.

    Raises:
        DatabaseCopyError: if pg_dump is not installed, older than the server, or fails.
    """
    _run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}"], address, passfile)


def load_postgres(source: Path, address: Address, passfile: Path | None = None) -> None:
    """Load a file of `dump_postgres` into an empty database, completely or not at all.

    Args:
        source: the file.
        address: of the database.
        passfile: PostgreSQL's file of passwords, if the address holds none.

    Raises:
        DatabaseCopyError: if pg_restore is not installed or fails, e.g. because the database is not empty.
    """
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    database = str(make_url(address.reveal()).database)
    _run(["pg_restore", *options, f"--dbname={database}", str(source)], address, passfile)


def _run(command: list[str], address: Address, passfile: Path | None = None) -> None:
    """Run a client program; it gets the password by its environment, which other users cannot read."""
    program = client_program(command[0])
    if program is None:
        raise DatabaseCopyError(
            f"{command[0]} is not installed; expected the client programs of PostgreSQL (Debian: postgresql-client), "
            "at least as new as the server"
        )
    url = make_url(address.reveal())
    named = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    named["PGPASSFILE"] = None if passfile is None else str(passfile)
    own = {name: str(value) for name, value in {**named, "PGDATABASE": url.database}.items() if value is not None}
    done = subprocess.run(  # noqa: S603 - our own command
        [str(program), *command[1:]], env={**os.environ, **own}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = hide_credentials(done.stderr.strip()[-1000:])
        raise DatabaseCopyError(f"{command[0]} of {address} failed: {said}")
