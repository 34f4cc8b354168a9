"""Session of a worker: the ledger, a heartbeat and the worker processes, shared by the batches of one process."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from tasks.ledger import Heartbeat, Identity, dead_workers, open_ledger, unregister
from tasks.scoring.outbox import remove_temporary_files
from tasks.scoring.process_pool import ProcessPool, limits_for
from tasks.settings import Settings


@dataclass
class WorkerSession:
    """One process as a worker of the ledger, for one outbox.

    Args:
        ledger: connection to the ledger.
        settings: limits and folders.
        heartbeat: registration in the ledger.
        pool: worker processes.
        blocked: reason why nothing can be published, else ""; batches that have not begun are then left.
        references: users of this session.
    """

    ledger: Engine
    settings: Settings
    heartbeat: Heartbeat
    pool: ProcessPool
    blocked: str = ""
    references: int = field(default=0)

    @property
    def owner(self) -> str:
        return self.heartbeat.owner

    @property
    def temp_prefix(self) -> str:
        """Prefix of the names of this worker's temporary files."""
        return temp_prefix_of(self.heartbeat.identity)

    @property
    def folder(self) -> Path:
        """Folder of this worker's copies of remote files."""
        return self.settings.arriving_dir / self.temp_prefix


_SESSIONS: dict[tuple[Settings, str], WorkerSession] = {}
_LOCK = threading.Lock()


@contextmanager
def worker_session(settings: Settings, outbox: str) -> Iterator[WorkerSession]:
    """Return the session of this process for an outbox; the first user opens it, the last one closes it.

    Raises:
        LedgerError: if the ledger cannot be reached.
    """
    key = (settings, outbox)
    with _LOCK:
        if key not in _SESSIONS:
            _SESSIONS[key] = _open(settings, outbox)
        session = _SESSIONS[key]
        session.references += 1
    try:
        yield session
    finally:
        with _LOCK:
            session.references -= 1
            last = session.references == 0
            if last:
                del _SESSIONS[key]
        if last:
            _close(session)


def remove_dead_workers(session: WorkerSession) -> int:
    """Remove the temporary files of dead workers and then their registrations; return the number of dead workers."""
    return remove_files_of_dead_workers(session.ledger, session.settings, session.owner)


def remove_files_of_dead_workers(ledger: Engine, settings: Settings, me: str = "") -> int:
    """Remove the temporary files of dead workers other than `me`, and then their registrations; return their number."""
    dead = [(owner, outbox) for owner, outbox in dead_workers(ledger) if owner != me]
    for owner, outbox in dead:
        identity = Identity.parse(owner)
        if identity is not None:
            remove_temporary_files(Path(outbox), temp_prefix_of(identity))
            shutil.rmtree(settings.arriving_dir / temp_prefix_of(identity), ignore_errors=True)
        unregister(ledger, owner)
    return len(dead)


def temp_prefix_of(identity: Identity) -> str:
    """Return the prefix of the names of a worker's temporary files."""
    return f"w{identity.nonce}"


def _open(settings: Settings, outbox: str) -> WorkerSession:
    ledger = open_ledger(settings.ledger_url)
    limits = limits_for(
        settings.workers, seconds=settings.file_seconds, memory_mb=settings.memory_mb, tries=settings.max_attempts
    )
    heartbeat = Heartbeat(ledger, outbox, settings.lease_seconds)
    heartbeat.__enter__()
    return WorkerSession(ledger, settings, heartbeat, ProcessPool(limits))


def _close(session: WorkerSession) -> None:
    session.pool.shutdown()
    shutil.rmtree(session.folder, ignore_errors=True)
    session.heartbeat.__exit__()
