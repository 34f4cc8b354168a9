"""Tables of an MLflow store that another version of MLflow wrote: migrated if safe, else the remedy is named."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from aemodels.core.errors import SondeflowError
from tasks.address import Address
from tasks.storage.databases import copy_sqlite, sqlite_path

REMEDY = "sondeflow upgrade"
StoreState: TypeAlias = Literal["none", "older", "current", "unknown", "server"]


class SchemaError(SondeflowError):
    """The tables of the MLflow store are of another version, or cannot be migrated."""


def store_state(address: Address) -> StoreState:
    """Return how the tables of a store compare with the installed MLflow, without changing them.

    "server" for a store behind a server, which looks after its own; "unknown" if a later MLflow has written it.

    Raises:
        SchemaError: if the store cannot be read.
    """
    if address.is_http or not address.reveal().startswith(("sqlite", "postgres")):
        return "server"
    found = _revision(address)
    if found is None:
        return "none"
    if found == _head():
        return "current"
    return "older" if _is_known(found) else "unknown"


def prepare_store(address: Address) -> Path | None:
    """Make a local store usable for the installed MLflow; a SQLite file of an older one is copied, then migrated.

    Args:
        address: a store that this process opens itself.

    Returns:
        The copy of the file as it was; None if nothing was to do.

    Raises:
        SchemaError: if a newer MLflow wrote the store, the migration fails, or the store is a database of a server,
            which is migrated by `upgrade_store` only.
    """
    found, expected = _revision(address), _head()
    if found in {None, expected}:
        return None
    _refuse_newer(address, found)
    if not address.reveal().startswith("sqlite:///"):
        raise SchemaError(
            f"{address} was written by an older MLflow (tables {found}, expected {expected}); stop what uses it, copy "
            f"it (pg_dump), then run: {REMEDY}"
        )
    return upgrade_store(address)


def upgrade_store(address: Address) -> Path | None:
    """Migrate a store to the installed MLflow; a SQLite file is copied first.

    Returns:
        The copy; None if there was nothing to migrate, or the store is a database of a server.

    Raises:
        SchemaError: if a newer MLflow wrote the store, or the migration fails; a SQLite file is as before then.
    """
    found = _revision(address)
    if found in {None, _head()}:
        return None
    _refuse_newer(address, found)
    path = sqlite_path(address)
    copy = None if path is None else _copy(path, str(found))
    # in a process of its own: MLflow's migrations change the logging of theirs
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-c", _MIGRATE],
        input=address.for_sqlalchemy,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        if path is not None and copy is not None:
            copy.replace(path)
        raise SchemaError(f"{address}: MLflow's migration from {found} failed:\n{done.stderr[-1500:]}")
    return copy


_MIGRATE = """
import sys
import sqlalchemy
from mlflow.store.db.utils import _upgrade_db
_upgrade_db(sqlalchemy.create_engine(sys.stdin.read()))
"""


def _revision(address: Address) -> str | None:
    """Return the revision of the tables; None if there are none.

    Raises:
        SchemaError: if the store cannot be read.
    """
    path = sqlite_path(address)
    if path is not None and not path.exists():
        return None
    engine = create_engine(address.for_sqlalchemy)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        raise SchemaError(f"{address} cannot be read as an MLflow store: {getattr(error, 'orig', error)}") from error
    finally:
        engine.dispose()
    return None if found is None else str(found)


def _head() -> str:
    from mlflow.store.db.utils import _get_latest_schema_revision  # here: its import takes seconds

    return str(_get_latest_schema_revision())  # type: ignore[no-untyped-call]


def _refuse_newer(address: Address, revision: str | None) -> None:
    if not _is_known(revision):
        raise SchemaError(
            f"{address} was written by a newer MLflow (tables {revision}); install the sondeflow that wrote it"
        )


def _is_known(revision: str | None) -> bool:
    """Return whether the installed MLflow has a revision of the tables."""
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError
    from mlflow.store.db.utils import _get_alembic_config

    try:
        ScriptDirectory.from_config(_get_alembic_config("")).get_revision(revision or "base")  # type: ignore[no-untyped-call]
    except CommandError:
        return False
    return True


def _copy(path: Path, revision: str) -> Path:
    """Copy a SQLite file, also while others write to it."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    target = path.with_name(f"{path.stem}-before-{stamp}-{revision}{path.suffix}")
    copy_sqlite(path, target)
    return target
