"""Who is at work: heartbeats that are counted, not timed, so that no clock step ends or prolongs a lease."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, select, update

from tasks.ledger.schema import LedgerError, watches, workers
from tasks.ledger.store import look_up, now, transact, upsert

BEATS_A_LEASE = 4


@dataclass(frozen=True)
class Identity:
    """A process, told apart from every other one ever: machine, boot, process and its start, a random mark.

    Args:
        machine: host name and the namespace of its process ids (containers share neither).
        boot: the machine's boot.
        process: its id and start.
        mark: 8 hex digits, also part of its temporary files' names.
    """

    machine: str
    boot: str
    process: str
    mark: str

    def __str__(self) -> str:
        return "|".join((self.machine, self.boot, self.process, self.mark))

    @classmethod
    def parse(cls, owner: str) -> Identity | None:
        parts = owner.split("|")
        return cls(*parts) if len(parts) == 4 else None


class Presence:
    """A worker that is in the ledger, with a heartbeat, for as long as the context lasts.

    Args:
        engine: the ledger.
        outbox: where its temporary files lie if it dies.
        lease_seconds: silence after which others may take over what it has claimed.
    """

    def __init__(self, engine: Engine, outbox: str, lease_seconds: float) -> None:
        self._engine, self._outbox, self._lease = engine, outbox, lease_seconds
        self._ended = threading.Event()
        self.identity = Identity(_machine(), boot_id(), _process(os.getpid()), secrets.token_hex(4))
        self.owner = str(self.identity)

    def __enter__(self) -> Presence:
        transact(self._engine, self._register)
        self._thread = threading.Thread(target=self._beat, name="sondeflow-heartbeat", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        retire(self._engine, self.owner)

    def _beat(self) -> None:
        while not self._ended.wait(self._lease / BEATS_A_LEASE):
            try:
                transact(self._engine, self._count)
            except LedgerError:
                continue  # whoever settles next meets the same error and says so

    def _count(self, connection: Connection) -> None:
        """One more beat; back on the list where others had given this worker up (its claims stay theirs)."""
        mine = update(workers).where(workers.c.owner == self.owner)
        if connection.execute(mine.values(beat=workers.c.beat + 1, seen_at=now())).rowcount == 0:
            self._register(connection)

    def _register(self, connection: Connection) -> None:
        row = {"owner": self.owner, "outbox": self._outbox, "lease_seconds": self._lease, "beat": 0}
        upsert(connection, workers, [{**row, "started_at": now(), "seen_at": now()}])


def dead_among(engine: Engine, owners: Iterable[str]) -> set[str]:
    """Those owners whose claims may be taken over.

    A process of this machine is asked for by its id and start. Any other one is dead when its heartbeat has not moved
    for its lease, by this machine's monotonic clock; the first look at it only starts that watch.
    """
    asked = set(owners)
    if not asked:
        return set()
    known = look_up(
        engine, lambda connection: {row.owner: row for row in connection.execute(select(workers)) if row.owner in asked}
    )
    dead = {owner for owner in asked if owner not in known or is_gone(owner)}
    for owner in asked - dead:
        if _silent(engine, owner, known[owner].beat, known[owner].lease_seconds):
            dead.add(owner)
    return dead


def departed(engine: Engine) -> list[tuple[str, str]]:
    """(owner, outbox) of registered workers that are dead: their temporary files can go."""
    rows = look_up(engine, lambda connection: list(connection.execute(select(workers.c.owner, workers.c.outbox))))
    dead = dead_among(engine, [row.owner for row in rows])
    return [(row.owner, row.outbox) for row in rows if row.owner in dead]


def retire(engine: Engine, owner: str) -> None:
    """Strike a worker off the list."""

    def work(connection: Connection) -> None:
        connection.execute(delete(watches).where(watches.c.owner == owner))
        connection.execute(delete(workers).where(workers.c.owner == owner))

    transact(engine, work)


def is_gone(owner: str) -> bool:
    """Whether the process is of this machine and has ended for certain."""
    identity = Identity.parse(owner)
    if identity is None or identity.machine != _machine() or identity.boot != boot_id():
        return False
    return _process(int(identity.process.partition("@")[0])) != identity.process


@lru_cache(maxsize=1)
def boot_id() -> str:
    """What names this boot of this machine: monotonic clocks compare within one boot only."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.is_file() else f"{socket.gethostname()}-no-boot-id"


def _silent(engine: Engine, owner: str, beat: int, lease: float) -> bool:
    mine = (watches.c.owner == owner) & (watches.c.boot == boot_id())
    seen = look_up(engine, lambda connection: connection.execute(select(watches).where(mine)).one_or_none())
    if seen is not None and seen.beat == beat:
        return bool(time.monotonic() - seen.clock >= lease)

    row = {"owner": owner, "boot": boot_id(), "beat": beat, "clock": time.monotonic()}
    transact(engine, lambda connection: upsert(connection, watches, [row]))
    return False


@lru_cache(maxsize=1)
def _machine() -> str:
    namespace = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()}/{namespace.readlink() if namespace.exists() else 'pid'}"


def _process(pid: int) -> str:
    """A process's id and start in clock ticks since boot; another text, or none, once it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return _process_without_proc(pid)
    return "" if fields[0] in {"Z", "X"} else f"{pid}@{fields[19]}"


def _process_without_proc(pid: int) -> str:
    if Path("/proc/self/stat").exists():
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return f"{pid}@"
    return f"{pid}@"
