"""Artifact locations in a tracking database whose home folder has moved; MLflow stores them as absolute addresses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote, unquote

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    String,
    Table,
    create_engine,
    func,
    inspect,
    literal,
    text,
    update,
)
from sqlalchemy.pool import NullPool

from aemodels.core.progress import tell
from tasks.address import Address
from tasks.settings import Settings
from tasks.storage.databases import sqlite_path

LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)


def relocate_database(address: Address, before: str, after: str) -> int:
    """Replace the start of the artifact locations in a tracking database, in one transaction.

    Args:
        address: of MLflow's database (SQLite or PostgreSQL), of any version.
        before: address of the folder that was moved, without a slash at the end.
        after: its present address.

    Returns:
        Number of changed locations.
    """
    engine = create_engine(address.for_sqlalchemy, poolclass=NullPool)
    changed = 0
    with engine.begin() as connection:
        for name, column in LOCATIONS:
            if column not in _columns(connection, name):
                continue  # of a later MLflow
            location = Column(column, String)
            table = Table(name, MetaData(), location)
            inside = func.substr(location, 1, len(before) + 1) == f"{before}/"  # LIKE has wildcards
            moved = literal(after).concat(func.substr(location, len(before) + 1))
            statement = update(table).where((location == before) | inside).values({column: moved})
            changed += connection.execute(statement).rowcount
    return changed


def mend_moved_home(settings: Settings) -> int:
    """Correct the database of a home folder that was moved or copied; return the number of changed locations.

    A home has moved if its database names another artifact folder for an experiment whose artifacts lie in this one.
    A database outside of the home is left as it is.
    """
    database = sqlite_path(settings.tracking_uri)
    if database is None or not database.is_file() or not database.resolve().is_relative_to(settings.home):
        return 0
    changed = 0
    for before in _former_folders(settings.tracking_uri, settings.artifacts_dir):
        changed += relocate_database(settings.tracking_uri, before, settings.artifacts_dir.as_uri())
        former = Path(unquote(before.removeprefix("file://"))).parent
        relocate_records(settings.home / "spool", f"sqlite:///{former / database.name}", str(settings.tracking_uri))
        tell("the home folder was moved from %s: %d artifact locations corrected", former, changed)
    return changed


def relocate_records(spool: Path, before: str, after: str) -> int:
    """Change the store's address in records of runs; return their number."""
    changed = 0
    for path in spool.glob("*/run.json"):
        if path.parent.is_symlink():
            continue
        head = json.loads(path.read_text(encoding="utf-8"))
        if head.get("store") == before:
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            temporary.write_text(json.dumps({**head, "store": after}), encoding="utf-8")
            temporary.replace(path)
            changed += 1
    return changed


def _former_folders(address: Address, artifacts: Path) -> set[str]:
    """Return the addresses of artifact folders other than this one, of experiments whose artifacts lie in this one."""
    with create_engine(address.for_sqlalchemy, poolclass=NullPool).connect() as connection:
        if "artifact_location" not in _columns(connection, "experiments"):
            return set()
        rows = connection.execute(text("SELECT name, artifact_location FROM experiments"))
        found = {(str(name), str(location)) for name, location in rows}
    here = artifacts.as_uri()
    return {
        location.removesuffix(f"/{quote(name)}")
        for name, location in found
        if location.endswith(f"/{artifacts.name}/{quote(name)}")
        and location != f"{here}/{quote(name)}"
        and (artifacts / name).is_dir()
    }


def _columns(connection: Connection, table: str) -> set[str]:
    found = inspect(connection)
    return {str(column["name"]) for column in found.get_columns(table)} if found.has_table(table) else set()
