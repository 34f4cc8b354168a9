"""What the batches of one process share: the ledger, a heartbeat, and the children that score."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from tasks.ledger import Identity, Presence, departed, open_ledger, retire
from tasks.scoring.outbox import sweep
from tasks.scoring.process_pool import Crew, limits_for
from tasks.settings import Settings


@dataclass
class Desk:
    """One worker of the ledger: this process, for one outbox.

    Args:
        ledger: connected.
        settings: limits and places.
        presence: its heartbeat.
        crew: its children.
        blocked: why nothing can be published, "" while it can; batches that have not begun then stay undone.
    """

    ledger: Engine
    settings: Settings
    presence: Presence
    crew: Crew
    blocked: str = ""
    users: int = field(default=0)

    @property
    def owner(self) -> str:
        return self.presence.owner

    @property
    def mark(self) -> str:
        """Begins the names of this worker's temporary files."""
        return mark_of(self.presence.identity)

    @property
    def folder(self) -> Path:
        """Where this worker's copies of files from elsewhere lie."""
        return self.settings.arriving_dir / self.mark


_DESKS: dict[tuple[Settings, str], Desk] = {}
_LOCK = threading.Lock()


@contextmanager
def at_work(settings: Settings, outbox: str) -> Iterator[Desk]:
    """The desk of this process for an outbox; made by the first who asks, cleared by the last who leaves.

    Raises:
        LedgerError: if the ledger cannot be reached.
    """
    key = (settings, outbox)
    with _LOCK:
        if key not in _DESKS:
            _DESKS[key] = _open(settings, outbox)
        desk = _DESKS[key]
        desk.users += 1
    try:
        yield desk
    finally:
        with _LOCK:
            desk.users -= 1
            last = desk.users == 0
            if last:
                del _DESKS[key]
        if last:
            _close(desk)


def tidy(desk: Desk) -> int:
    """Take away the temporary files of workers that died, then strike those off the ledger; returns how many died."""
    dead = [(owner, outbox) for owner, outbox in departed(desk.ledger) if owner != desk.owner]
    for owner, outbox in dead:
        identity = Identity.parse(owner)
        if identity is not None:
            sweep(Path(outbox), mark_of(identity))
            shutil.rmtree(desk.settings.arriving_dir / mark_of(identity), ignore_errors=True)
        retire(desk.ledger, owner)
    return len(dead)


def mark_of(identity: Identity) -> str:
    """Begins the names of a worker's temporary files."""
    return f"w{identity.mark}"


def _open(settings: Settings, outbox: str) -> Desk:
    ledger = open_ledger(settings.ledger_url)
    limits = limits_for(
        settings.workers, seconds=settings.file_seconds, memory_mb=settings.memory_mb, tries=settings.max_attempts
    )
    presence = Presence(ledger, outbox, settings.lease_seconds)
    presence.__enter__()
    return Desk(ledger, settings, presence, Crew(limits))


def _close(desk: Desk) -> None:
    desk.crew.dismiss()
    shutil.rmtree(desk.folder, ignore_errors=True)
    desk.presence.__exit__()
