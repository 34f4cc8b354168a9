"""Session of a worker: the ledger, a heartbeat and the worker processes, shared by the batches of one process."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from tasks.dask_worker import worker_share
from tasks.ledger import Heartbeat, Identity, dead_workers, open_ledger, unregister
from tasks.scoring.places.outbox import OutboxPlace, open_outbox
from tasks.scoring.process_pool import MEMORY_SHARE, Limits, ProcessPool, limits_for
from tasks.settings import Settings


@dataclass
class WorkerSession:
    """One process as a worker of the ledger, for one outbox.

    Args:
        ledger: connection to the ledger.
        settings: limits and folders.
        heartbeat: registration in the ledger.
        pool: worker processes.
        outbox: where results go.
        blocked: reason why nothing can be published, else ""; batches that have not begun are then left.
        references: users of this session.
        closing: timer that closes it, while it is kept without a user.
    """

    ledger: Engine
    settings: Settings
    heartbeat: Heartbeat
    pool: ProcessPool
    outbox: OutboxPlace
    blocked: str = ""
    references: int = field(default=0)
    closing: threading.Timer | None = field(default=None)

    @property
    def owner(self) -> str:
        return self.heartbeat.owner

    @property
    def temp_prefix(self) -> str:
        """Prefix of the names of this worker's temporary files."""
        return temp_prefix_of(self.heartbeat.identity)

    @property
    def folder(self) -> Path:
        """Folder of this worker's copies of remote files, and of results that wait for their upload."""
        return _folder_of(self.settings, self.heartbeat.identity)


@dataclass(frozen=True)
class Keep:
    """Keeping a session without users, so that the next batch of the same run finds its processes and their models.

    Args:
        run: of the flow; the session of one run is not used by another, as what blocked it may be over.
        seconds: time in s without a user after which it is closed.
    """

    run: str = ""
    seconds: float = 0.0


OUTBOX = "outbox"  # folder, in that of a worker, of results that wait for their upload
AT_ONCE = Keep()
_SESSIONS: dict[tuple[Settings, str, str], WorkerSession] = {}
_LOCK = threading.Lock()


@contextmanager
def worker_session(settings: Settings, outbox: str, keep: Keep = AT_ONCE) -> Iterator[WorkerSession]:
    """Return the session of this process for an outbox; the first user opens it.

    Args:
        settings: limits and folders.
        outbox: of the outputs.
        keep: for how long it stays open after its last user.

    Raises:
        LedgerError: if the ledger cannot be reached.
    """
    key = (settings, outbox, keep.run)
    with _LOCK:
        idle = [] if key in _SESSIONS else _take_idle()
        for former in idle:
            _close(former)
        if key not in _SESSIONS:
            _SESSIONS[key] = _open(settings, outbox)
        session = _SESSIONS[key]
        session.references += 1
        if session.closing is not None:
            session.closing.cancel()
    try:
        yield session
    finally:
        with _LOCK:
            session.references -= 1
            last = session.references == 0
            if last and keep.seconds:
                _close_later(session, keep.seconds)
            elif last:
                del _SESSIONS[key]
        if last and not keep.seconds:
            _close(session)


def close_kept_sessions() -> None:
    """Close the sessions that are kept without a user."""
    with _LOCK:
        idle = _take_idle()
    for session in idle:
        _close(session)


def _close_later(session: WorkerSession, seconds: float) -> None:
    """Close a session after a time, unless it is used again by then."""

    def close() -> None:
        with _LOCK:
            keys = [key for key, value in _SESSIONS.items() if value is session and session.references == 0]
            for key in keys:
                del _SESSIONS[key]
        if keys:
            _close(session)

    session.closing = threading.Timer(seconds, close)
    session.closing.daemon = True
    session.closing.start()


def _take_idle() -> list[WorkerSession]:
    """Remove the sessions without a user from the list, and return them."""
    idle = [key for key, session in _SESSIONS.items() if session.references == 0]
    return [_SESSIONS.pop(key) for key in idle]


def remove_dead_workers(session: WorkerSession) -> int:
    """Remove the temporary files of dead workers and then their registrations; return the number of dead workers."""
    return remove_files_of_dead_workers(session.ledger, session.settings, session.owner)


def remove_files_of_dead_workers(ledger: Engine, settings: Settings, me: str = "") -> int:
    """Remove the temporary files of dead workers other than `me`, and then their registrations; return their number."""
    dead = [(owner, outbox) for owner, outbox in dead_workers(ledger) if owner != me]
    for owner, outbox in dead:
        identity = Identity.parse(owner)
        if identity is not None:
            folder = _folder_of(settings, identity)
            open_outbox(outbox, folder / OUTBOX).remove_temporary_files(temp_prefix_of(identity))
            shutil.rmtree(folder, ignore_errors=True)
        unregister(ledger, owner)
    return len(dead)


def temp_prefix_of(identity: Identity) -> str:
    """Return the prefix of the names of a worker's temporary files."""
    return f"w{identity.nonce}"


def _open(settings: Settings, outbox: str) -> WorkerSession:
    ledger = open_ledger(settings.ledger_url)
    heartbeat = Heartbeat(ledger, outbox, settings.lease_seconds)
    place = open_outbox(outbox, _folder_of(settings, heartbeat.identity) / OUTBOX)
    heartbeat.__enter__()
    return WorkerSession(ledger, settings, heartbeat, ProcessPool(_limits(settings)), place)


def _folder_of(settings: Settings, identity: Identity) -> Path:
    return settings.arriving_dir / temp_prefix_of(identity)


def _limits(settings: Settings) -> Limits:
    """Return the limits of each scoring process: its share of this machine, or one thread of a Dask worker."""
    share = worker_share()
    if share is None:
        return limits_for(
            settings.workers, seconds=settings.file_seconds, memory_mb=settings.memory_mb, tries=settings.max_attempts
        )
    memory_mb = settings.memory_mb or int(MEMORY_SHARE * share.memory / share.threads) >> 20
    return limits_for(
        os.cpu_count() or 1, seconds=settings.file_seconds, memory_mb=memory_mb, tries=settings.max_attempts
    )


def _close(session: WorkerSession) -> None:
    session.pool.shutdown()
    shutil.rmtree(session.folder, ignore_errors=True)
    session.heartbeat.__exit__()
