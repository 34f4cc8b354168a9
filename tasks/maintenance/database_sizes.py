"""Sizes of the databases of an installation: of files by themselves, of others as their PostgreSQL server says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, NullPool, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from tasks.ledger import LedgerError
from tasks.ledger.counts import database_sizes, server_database_size
from tasks.maintenance.prefect_database import prefect_address
from tasks.maintenance.removal import size_of
from tasks.settings import Settings
from tasks.storage.databases import sqlite_path

SECONDS = 5  # patience with a server
STACK_READER = "metrics"  # the role of the stack that reads the sizes of all its databases
PARTS = {"mlflow": "database of MLflow", "prefect": "database of Prefect"}  # by their names in the stack


def database_parts(settings: Settings) -> Iterator[tuple[str, int]]:
    """Yield part and bytes of each database; those that nobody here may ask for are left out.

    A Prefect database in a file is part of Prefect's folder, and not yielded. MLflow's and Prefect's may be behind
    servers: those of the stack are asked for by the role of its metrics.
    """
    found = {"ledger": _ledger(settings)} | _behind_servers(settings) | _known(settings)
    yield from ((part, found[part]) for part in ("ledger", *PARTS.values()) if part in found)


def _ledger(settings: Settings) -> int:
    """Return the size of the ledger; 0 if its server does not respond, which the steps that need it report."""
    path = sqlite_path(settings.ledger_url)
    return _file_size(path) if path is not None else _ask(make_url(settings.ledger_url.for_sqlalchemy)) or 0


def _known(settings: Settings) -> dict[str, int]:
    """Return the sizes of MLflow's and Prefect's databases, as far as their addresses are known here."""
    found: dict[str, int] = {}
    path = sqlite_path(settings.tracking_uri) or settings.home / "mlflow.db"
    if not settings.tracking_uri.is_http or path.is_file():
        served = settings.tracking_uri.for_sqlalchemy.startswith("postgresql")
        size = _ask(make_url(settings.tracking_uri.for_sqlalchemy)) if served else _file_size(path)
        found |= {} if size is None else {PARTS["mlflow"]: size}
    if prefect_address().startswith("postgresql"):
        # Prefect connects by a driver with parameters of its own
        size = _ask(make_url(prefect_address()).set(drivername="postgresql+psycopg2", query={}))
        found |= {} if size is None else {PARTS["prefect"]: size}
    return found


def _behind_servers(settings: Settings) -> dict[str, int]:
    passfile = settings.home / "stack" / f"{STACK_READER}.pgpass"
    url = make_url(settings.ledger_url.for_sqlalchemy)
    if not passfile.is_file() or url.get_backend_name() != "postgresql":
        return {}
    sizes = _asked(url.set(username=STACK_READER, password=None), database_sizes, passfile=str(passfile)) or {}
    return {part: sizes[name] for name, part in PARTS.items() if name in sizes}


def _file_size(path: Path) -> int:
    """Return the bytes of a SQLite file with its log, in which the latest changes are."""
    return size_of(path) + size_of(path.with_name(f"{path.name}-wal"))


def _ask(url: URL) -> int | None:
    size: int | None = _asked(url, server_database_size)
    return size


def _asked(url: URL, question: Any, **options: str) -> Any:
    """Return the answer of a server to a question of `tasks.ledger.counts`; None if it does not respond."""
    engine: Engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": SECONDS, **options})
    try:
        return question(engine, retry_seconds=0.0)
    except (SQLAlchemyError, LedgerError):
        return None
