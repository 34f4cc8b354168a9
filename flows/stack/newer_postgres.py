"""Move of the stack's databases to a newer major version of PostgreSQL; the former cluster is kept beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aemodels.core.progress import tell
from flows.server.home_lock import hold_home
from flows.server.processes import NotServedError
from flows.server.supervision import launch, stop_all
from flows.stack import services
from flows.stack.databases import create_databases
from flows.stack.places import DATABASES, Places, StackOptions, places_of
from flows.stack.postgres import Postgres, find_postgres, newest_postgres
from tasks.address import Address
from tasks.settings import Settings
from tasks.storage.databases import dump_postgres, load_postgres
from tasks.storage.folders import private_folder


def move_to_newest(settings: Settings, options: StackOptions) -> tuple[int, int, Path]:
    """Copy all databases of the stack to a cluster of the newest installed PostgreSQL.

    If it fails, the former cluster is in use again.

    Returns:
        The former major version, the present one, and the folder that keeps the former cluster.

    Raises:
        NotServedError: if the stack runs, has no cluster, or no newer PostgreSQL is installed.
        DatabaseCopyError: if a database cannot be copied.
    """
    places = places_of(settings)
    with hold_home(settings, options.prefect, "stack"):
        if not (places.postgres / "PG_VERSION").is_file():
            raise NotServedError(f"there is no cluster in {places.postgres}; `sondeflow stack up` makes one")
        old, new = find_postgres(places), newest_postgres()
        kept = places.folder / f"postgres-{old.major}"
        if new.major <= old.major:
            raise NotServedError(f"the stack uses PostgreSQL {old.major}, and no newer one is installed")
        if kept.exists():
            raise NotServedError(f"{kept} exists already, of an earlier move; move it away")
        copies = _dump_all(old, places, options)
        places.postgres.rename(kept)
        try:
            _load_all(new, places, options, copies)
        except BaseException:
            shutil.rmtree(places.postgres, ignore_errors=True)
            kept.rename(places.postgres)
            raise
        shutil.rmtree(copies)
    return old.major, new.major, kept


def _dump_all(old: Postgres, places: Places, options: StackOptions) -> Path:
    copies = private_folder(places.folder / "copies")
    with _running(old, places, options):
        for name in DATABASES:
            tell("copy database %s from PostgreSQL %d", name, old.major)
            target = copies / f"{name}.dump"
            target.unlink(missing_ok=True)
            dump_postgres(Address(options.database(name)), target, places.passfile(name))
    return copies


def _load_all(new: Postgres, places: Places, options: StackOptions, copies: Path) -> None:
    with _running(new, places, options) as superuser:
        create_databases(places, options.postgres_port, superuser)
        for name in DATABASES:
            tell("load database %s into PostgreSQL %d", name, new.major)
            load_postgres(copies / f"{name}.dump", Address(options.database(name)), places.passfile(name))


@contextmanager
def _running(postgres: Postgres, places: Places, options: StackOptions) -> Iterator[str]:
    """Run the server of a cluster, which is made if there is none; return the superuser's password."""
    superuser = postgres.prepare(places)
    if postgres.is_ready(options.postgres_port):
        raise NotServedError(f"another PostgreSQL uses port {options.postgres_port}; choose --postgres-port")
    running = [launch(services.postgres_service(postgres, places, options))]
    try:
        running[0].await_ready()
        yield superuser
    finally:
        stop_all(running)
