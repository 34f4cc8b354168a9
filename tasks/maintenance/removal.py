"""Removal of files, reported with their number and size; in a rehearsal nothing is removed."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.ledger import open_ledger
from tasks.ledger.superseded import OldOutcomes, old_outcomes
from tasks.settings import Settings

DAY = 86_400.0  # s


class Removed(BaseModel):
    """Result of one step of the maintenance: things that were removed, or would be.

    Args:
        what: kind of the things.
        items: their number.
        size: their bytes.
        note: what was kept although it is old, and why; or why the step failed.
        failed: the step could not be completed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    items: int = 0
    size: int = 0
    note: str = ""
    failed: bool = False


class Readings:
    """Readings that several steps need, each made once, by the first that needs it.

    Args:
        settings: the installation and its ages.
        now: s since 1970.
    """

    def __init__(self, settings: Settings, now: float) -> None:
        self._settings, self._now = settings, now

    @cached_property
    def outcomes(self) -> OldOutcomes:
        """Old outcomes in the ledger."""
        settings = self._settings
        return old_outcomes(
            open_ledger(settings.ledger_url),
            published_before=self._before(settings.keep_results_days),
            quarantined_before=self._before(settings.keep_quarantine_days),
        )

    def _before(self, days: float) -> str:
        return (datetime.fromtimestamp(self._now, UTC) - timedelta(days=days)).isoformat()


@dataclass
class Step:
    """One step of the maintenance, while it runs.

    Args:
        settings: the installation and its ages.
        dry_run: count, but remove nothing.
        now: s since 1970.
        readings: shared by the steps of one maintenance.
        items: number of removed things so far.
        size: their bytes.
        notes: what is worth knowing.
    """

    settings: Settings
    dry_run: bool
    now: float = field(default_factory=time.time)
    readings: Readings | None = None
    items: int = 0
    size: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def outcomes(self) -> OldOutcomes:
        """Old outcomes in the ledger."""
        if self.readings is None:
            self.readings = Readings(self.settings, self.now)
        return self.readings.outcomes

    def is_older(self, path: Path, days: float) -> bool:
        """Return whether a file or folder was last changed or used earlier; False if it has gone."""
        try:
            return self.now - path.lstat().st_mtime > days * DAY
        except OSError:
            return False

    def remove(self, path: Path) -> None:
        """Remove a file or folder, and count it."""
        self.count(size_of(path))
        if self.dry_run:
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def count(self, size: int, items: int = 1) -> None:
        """Count what is removed otherwise."""
        self.items += items
        self.size += size

    def done(self, what: str) -> Removed:
        """Return the result."""
        return Removed(what=what, items=self.items, size=self.size, note="; ".join(self.notes))


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder; 0 if there is none."""
    if path.is_symlink() or not path.is_dir():
        try:
            return path.lstat().st_size
        except OSError:
            return 0
    return sum(size_of(Path(folder) / name) for folder, _, names in os.walk(path) for name in names)
