"""Retention in Prefect's database, by Prefect's own functions: finished runs with logs and pages, and events.

The server of `sondeflow serve` does the same every hour; here it is also done where only temporary servers run.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tasks.maintenance.removal import Removed, Step, size_of
from tasks.settings import Settings
from tasks.storage.databases import shrink_sqlite, sqlite_path

ELSEWHERE = "Prefect's database belongs to its server, which removes what is old by itself"


def prefect_runs(step: Step) -> Removed:
    """Remove finished runs and events that are old, and return free space to the disk."""
    url = prefect_address()
    path = sqlite_path(url)
    if (path is None and url.startswith("sqlite")) or (path is not None and not path.is_file()):
        step.notes.append(ELSEWHERE)
        return step.done("runs and events of Prefect")
    before = size_of(path) if path is not None else 0
    with ThreadPoolExecutor(1) as thread:  # a flow may run in a loop of its own
        step.items = thread.submit(asyncio.run, _clean(step.settings, step.now, dry_run=step.dry_run)).result()
    if path is not None and not step.dry_run and not shrink_sqlite(path):
        step.notes.append("the file is in use; its free space is used again, and returned when no server runs")
    step.size = max(0, before - size_of(path)) if path is not None else 0
    return step.done("runs and events of Prefect")


def prefect_address() -> str:
    """Return the SQLAlchemy URL of the database that a Prefect server in this environment uses."""
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL, PREFECT_HOME

    value = PREFECT_API_DATABASE_CONNECTION_URL.value()
    text = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value or "")
    return text or f"sqlite+aiosqlite:///{Path(str(PREFECT_HOME.value())) / 'prefect.db'}"


async def _clean(settings: Settings, now: float, *, dry_run: bool) -> int:
    """Return the number of old runs and events, after removing them."""
    from prefect.server.database import provide_database_interface
    from prefect.server.services import db_vacuum
    from prefect.settings import (
        PREFECT_SERVER_EVENTS_RETENTION_PERIOD,
        PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD,
        temporary_settings,
    )

    runs, events = timedelta(days=settings.keep_runs_days), timedelta(days=settings.keep_events_days)
    periods: dict[Any, Any] = {
        PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD: runs,
        PREFECT_SERVER_EVENTS_RETENTION_PERIOD: events,
    }
    db = provide_database_interface()
    moment = datetime.fromtimestamp(now, UTC)
    with temporary_settings(periods):
        before = await _count(db, moment - runs, moment - events)
        if dry_run or not before:
            return before
        await db_vacuum.vacuum_old_flow_runs(db=db)
        await db_vacuum.vacuum_events_with_retention_overrides(db=db)
        await db_vacuum.vacuum_old_events(db=db)
        await db_vacuum.vacuum_orphaned_logs(db=db)
        await db_vacuum.vacuum_orphaned_artifacts(db=db)
        await db_vacuum.vacuum_stale_artifact_collections(db=db)
        return before - await _count(db, moment - runs, moment - events)


async def _count(db: Any, runs_before: datetime, events_before: datetime) -> int:
    import sqlalchemy as sa
    from prefect.server.schemas.states import TERMINAL_STATES

    finished = (db.FlowRun.state_type.in_(TERMINAL_STATES), db.FlowRun.end_time < runs_before)
    async with db.session_context() as session:
        runs = await session.scalar(sa.select(sa.func.count()).select_from(db.FlowRun).where(*finished))
        old = db.Event.occurred < events_before
        events = await session.scalar(sa.select(sa.func.count()).select_from(db.Event).where(old))
    return int(runs or 0) + int(events or 0)
