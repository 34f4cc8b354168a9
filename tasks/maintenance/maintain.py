"""Maintenance of an installation: everything old that can be made again, step by step, with sizes before and after."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict, Field

from aemodels.core.progress import tell
from tasks.address import hide_credentials
from tasks.maintenance import caches, results
from tasks.maintenance.clock import clock_fault, record_clock
from tasks.maintenance.log_files import log_files
from tasks.maintenance.prefect_database import prefect_runs
from tasks.maintenance.removal import Readings, Removed, Step, size_of
from tasks.settings import Settings
from tasks.storage.databases import shrink_sqlite, sqlite_path
from tasks.storage.maintenance_lock import hold_for_maintenance
from tasks.tracking import available_store
from tasks.tracking.deleted_runs import deleted_runs, remove_deleted


class MaintainRequest(BaseModel):
    """Request for maintenance; the ages are settings of the installation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dry_run: bool = Field(default=False, description="report what would be removed, and remove nothing")


class Size(BaseModel):
    """Bytes of a part of the installation before and after the maintenance."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: str
    before: int
    after: int


class MaintenanceReport(BaseModel):
    """Removed things, and the sizes of all parts; `clock` says why nothing was removed by age, "" if it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dry_run: bool
    clock: str
    removed: tuple[Removed, ...]
    sizes: tuple[Size, ...]

    @property
    def status(self) -> Literal["done", "incomplete"]:
        """Return "incomplete" if a step failed or the clock cannot be trusted."""
        return "incomplete" if self.clock or any(step.failed for step in self.removed) else "done"


def maintain_home(request: MaintainRequest, settings: Settings) -> MaintenanceReport:
    """Remove what is older than the settings allow; a step that fails does not affect the others.

    Ages are worth nothing after a jump of the clock, so the first maintenance after one removes nothing by age, and
    the one after that trusts the clock again.

    Raises:
        BusyError: if another maintenance or a backup runs.
    """
    with hold_for_maintenance(settings):
        before = dict(results.areas(Step(settings, request.dry_run)))
        clock = clock_fault(settings)
        steps = AGELESS if clock else (*AGELESS, *BY_AGE)
        shared = Step(settings, request.dry_run, readings=Readings(settings, time.time()))
        removed = tuple(_carried_out(one, shared) for one in steps)
        if not request.dry_run:
            record_clock(settings)
        after = dict(results.areas(Step(settings, request.dry_run)))
    sizes = tuple(Size(part=part, before=size, after=after[part]) for part, size in before.items() if part in after)
    return MaintenanceReport(dry_run=request.dry_run, clock=clock, removed=removed, sizes=sizes)


@task(name="maintain-home", cache_policy=NO_CACHE)
def maintain_as_task(request: MaintainRequest, settings: Settings) -> MaintenanceReport:
    """Remove what is older than the settings allow."""
    return maintain_home(request, settings)


def mlflow_deleted_runs(step: Step) -> Removed:
    """Remove runs that were deleted in MLflow, unless a registered version needs them."""
    with available_store(step.settings):
        runs, models, needed = deleted_runs(step.settings, step.settings.keep_deleted_days)
    for one in (*runs, *models):
        step.count(0 if one.folder is None else size_of(one.folder))
    if needed:
        step.notes.append(f"{needed} deleted runs are kept: registered versions need them")
    if (runs or models) and not step.dry_run:
        remove_deleted(step.settings, runs, models)
    return step.done("deleted runs of MLflow")


def databases(step: Step) -> Removed:
    """Return the free pages of the ledger and of MLflow's database to the disk, if they are SQLite files."""
    for address in (step.settings.ledger_url, step.settings.tracking_uri):
        path = sqlite_path(address)
        if path is None or not path.is_file() or step.dry_run:
            continue
        before = size_of(path)
        if not shrink_sqlite(path):
            step.notes.append(f"{path.name} is in use; its free space is used again")
        elif size_of(path) < before:
            step.count(before - size_of(path))
    return step.done("free space in databases")


AGELESS: tuple[Callable[[Step], Removed], ...] = (log_files,)
BY_AGE: tuple[Callable[[Step], Removed], ...] = (
    caches.spool,
    caches.leftovers,
    caches.readings,
    caches.recordings,
    caches.fits,
    caches.checkpoints,
    caches.bundles,
    results.superseded_results,
    results.quarantine_copies,
    mlflow_deleted_runs,
    prefect_runs,
    databases,
)


def _carried_out(one: Callable[[Step], Removed], shared: Step) -> Removed:
    name = one.__name__.replace("_", " ")
    tell("maintain: %s", name)
    step = Step(shared.settings, shared.dry_run, readings=shared.readings)
    try:
        return one(step)
    except Exception as error:  # noqa: BLE001 - of many libraries; the other steps do not depend on this one
        text = hide_credentials(f"{type(error).__name__}: {error}")
        return step.done(name).model_copy(update={"note": text, "failed": True})
