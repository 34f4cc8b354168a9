"""Tables of MLflow's database: their version, and the upgrade of an earlier one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from aemodels.core.errors import SondeflowError
from aemodels.core.progress import tell
from tasks.settings import Settings
from tasks.storage.databases import copy_sqlite, sqlite_path

StoreState: TypeAlias = Literal["none", "older", "current", "unknown", "server"]


class StoreVersionError(SondeflowError):
    """MLflow's database was written by a later MLflow."""


def store_state(settings: Settings) -> StoreState:
    """Return how the tables of the tracking store compare with the installed MLflow, without changing them.

    "server" for a store behind a server, which looks after its own; "unknown" if a later MLflow has written it.
    """
    if settings.tracking_uri.is_http or not settings.tracking_uri.reveal().startswith(("sqlite", "postgres")):
        return "server"
    found = _revision(settings)
    if found == "":
        return "none"
    script = _script()
    if found == script.get_current_head():
        return "current"
    return "older" if found in {one.revision for one in script.walk_revisions()} else "unknown"


def upgrade_store(settings: Settings) -> Path | None:
    """Upgrade a SQLite database of an earlier MLflow; return the copy that was made before, None if nothing was done.

    Raises:
        StoreVersionError: if it was written by a later MLflow.
    """
    database = sqlite_path(settings.tracking_uri)
    if database is None or not database.is_file():
        return None
    state = store_state(settings)
    if state == "unknown":
        raise StoreVersionError(
            f"{database} was written by a later MLflow (its tables are {_revision(settings)}); install that version "
            "again, or restore a backup"
        )
    if state != "older":
        return None
    kept = database.with_name(f"{database.name}.before-{_revision(settings)}")
    tell("upgrade %s, a copy is kept in %s", database, kept)
    copy_sqlite(database, kept)
    engine = create_engine(settings.tracking_uri.reveal(), poolclass=NullPool)
    _tables_module()._upgrade_db(engine)
    engine.dispose()
    return kept


def _revision(settings: Settings) -> str:
    """Return the revision of the tables; "" if there are none."""
    with create_engine(settings.tracking_uri.reveal(), poolclass=NullPool).connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def _script() -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_tables_module()._get_alembic_config(""))


def _tables_module() -> Any:
    import mlflow.store.db.utils

    return mlflow.store.db.utils
