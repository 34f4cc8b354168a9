"""Checks of the machine: versions, disk, memory, clock."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from tasks.doctor.check import Check, failed, passed, warned
from tasks.ledger import Entry, entries, open_ledger, schema_state
from tasks.maintenance.clock import clock_fault
from tasks.scoring.process_pool import limits_for
from tasks.settings import Settings
from tasks.storage.databases import sqlite_path

MIN_FREE, LOW_FREE = 200 << 20, 5 << 30  # bytes
MIN_SCORING_MEMORY_MB = 700  # that a scoring process needs with Keras
PACKAGE = "sondeflow"


def versions() -> Check:
    """Compare the installed packages with the requirements of the package."""
    try:
        wanted = [Requirement(text) for text in requires(PACKAGE) or ()]
    except PackageNotFoundError:
        return warned("versions", f"{PACKAGE} is not installed as a package", "install it: make install")
    wrong = []
    for one in wanted:
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(one.name)
        except PackageNotFoundError:
            wrong.append(f"{one.name} is missing")
            continue
        if not one.specifier.contains(found, prereleases=True):
            wrong.append(f"{one.name} {found} instead of {one.specifier}")
    if wrong:
        return failed("versions", "; ".join(wrong), "install the versions of constraints.txt: make install")
    shown = ", ".join(f"{name} {version(name)}" for name in (PACKAGE, "prefect", "mlflow", "numpy", "pandas"))
    return passed("versions", f"Python {platform.python_version()}, {shown}")


def disks(settings: Settings) -> Iterator[Check]:
    """Check the free space where files are written."""
    places = {"home": settings.home, "outbox": settings.outbox_folder, "temporary folder": Path(tempfile.gettempdir())}
    for name, place in places.items():
        folder = next(path for path in (place, *place.parents) if path.exists())
        free = shutil.disk_usage(folder).free
        nodes = os.statvfs(folder)
        said = f"{free / 1e9:.1f} GB free at {place}"
        what = f"disk of the {name}"
        if nodes.f_files and not nodes.f_favail:
            yield failed(what, f"no room for new files at {place}", "delete files, or use another disk")
        elif free < MIN_FREE:
            yield failed(what, said, "free some space: sondeflow maintain --dry-run shows what it would remove")
        elif free < LOW_FREE:
            yield warned(what, said, "sondeflow maintain, or a larger disk")
        else:
            yield passed(what, said)


def memory(settings: Settings) -> Check:
    """Check what a scoring process may use."""
    limits = limits_for(
        settings.workers, seconds=settings.file_seconds, memory_mb=settings.memory_mb, tries=settings.max_attempts
    )
    limit = limits.memory >> 20
    available = _available_mb()
    found = f"{limit} MiB per scoring process, {settings.workers} of them; {available} MiB available now"
    if limit < MIN_SCORING_MEMORY_MB:
        return failed("memory", found, f"SONDEFLOW_MEMORY_MB of at least {MIN_SCORING_MEMORY_MB}, or fewer workers")
    if available and available < MIN_SCORING_MEMORY_MB:
        return warned("memory", found, "end other programs, or fewer workers (SONDEFLOW_WORKERS)")
    return passed("memory", found)


def clock(settings: Settings) -> Check:
    """Compare the clock with the last time that it was looked at, and with the newest row of the ledger."""
    fault = clock_fault(settings)
    if fault:
        return warned("clock", fault, "set the clock (timedatectl); the next maintenance trusts it again")
    now = datetime.now(UTC)
    newest = max((datetime.fromisoformat(row.claimed_at) for row in newest_rows(settings, 1)), default=now)
    if (newest - now).total_seconds() > 3600:
        found = f"it is {now:%Y-%m-%d %H:%M} UTC; the newest row of the ledger is of {newest:%Y-%m-%d %H:%M}"
        return warned("clock", found, "set the clock (timedatectl): it is behind, or it was ahead")
    return passed("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, no jump noticed")


def newest_rows(settings: Settings, count: int) -> list[Entry]:
    """Return the newest rows of the ledger; none if there is no ledger, or one that would be upgraded."""
    path = sqlite_path(settings.ledger_url)
    if (path is not None and not path.is_file()) or schema_state(settings.ledger_url) != "current":
        return []
    return entries(open_ledger(settings.ledger_url), limit=count)


def _available_mb() -> int:
    """Return the available memory in MiB; 0 where the system does not tell."""
    path = Path("/proc/meminfo")
    lines = path.read_text(encoding="ascii").splitlines() if path.is_file() else []
    return next((int(line.split()[1]) >> 10 for line in lines if line.startswith("MemAvailable:")), 0)
