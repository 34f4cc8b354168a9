"""Registered workers and their heartbeats, which are counted, so that no clock step ends or prolongs a lease."""

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
from tasks.processes import process_identity

TICKS_PER_LEASE = 4
PATIENCE = 1.5  # leases after which waiting for a decision ends


@dataclass(frozen=True)
class Identity:
    """Identity of a process, unique over machines, boots and process ids.

    Args:
        machine: host name and PID namespace (containers share neither).
        boot: id of the machine's boot.
        process: process id and start time.
        nonce: 8 random hex digits, also part of the names of its temporary files.
    """

    machine: str
    boot: str
    process: str
    nonce: str

    def __str__(self) -> str:
        return "|".join((self.machine, self.boot, self.process, self.nonce))

    @classmethod
    def parse(cls, owner: str) -> Identity | None:
        parts = owner.split("|")
        return cls(*parts) if len(parts) == 4 else None


class Heartbeat:
    """Registration of this worker in the ledger, with a heartbeat, for the duration of the context.

    Args:
        engine: the ledger.
        outbox: folder of its temporary files, which others remove if it dies.
        lease_seconds: time in s without a heartbeat after which other workers may take over its claims.
    """

    def __init__(self, engine: Engine, outbox: str, lease_seconds: float) -> None:
        self._engine, self._outbox, self._lease = engine, outbox, lease_seconds
        self._ended = threading.Event()
        self.identity = Identity(_machine(), boot_id(), process_identity(os.getpid()), secrets.token_hex(4))
        self.owner = str(self.identity)

    def __enter__(self) -> Heartbeat:
        transact(self._engine, self._register)
        self._thread = threading.Thread(target=self._run, name="sondeflow-heartbeat", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        unregister(self._engine, self.owner)

    def _run(self) -> None:
        while not self._ended.wait(self._lease / TICKS_PER_LEASE):
            try:
                transact(self._engine, self._tick)
            except LedgerError:
                continue  # the next recorded outcome raises the same error

    def _tick(self, connection: Connection) -> None:
        """Count one heartbeat; register again if others had removed this worker (its claims stay with them)."""
        mine = update(workers).where(workers.c.owner == self.owner)
        if connection.execute(mine.values(tick=workers.c.tick + 1, seen_at=now())).rowcount == 0:
            self._register(connection)

    def _register(self, connection: Connection) -> None:
        row = {"owner": self.owner, "outbox": self._outbox, "lease_seconds": self._lease, "tick": 0}
        upsert(connection, workers, [{**row, "started_at": now(), "seen_at": now()}])


def dead_owners(engine: Engine, owners: Iterable[str]) -> set[str]:
    """Return the owners whose claims may be taken over.

    A process on this machine is looked up by its id and start time. Any other one is dead if its heartbeat has not
    changed for the length of its lease, by this machine's monotonic clock; the first check only starts that period.
    """
    asked = set(owners)
    if not asked:
        return set()
    known = look_up(
        engine, lambda connection: {row.owner: row for row in connection.execute(select(workers)) if row.owner in asked}
    )
    dead = {owner for owner in asked if owner not in known or has_exited(owner)}
    for owner in asked - dead:
        if _has_timed_out(engine, owner, known[owner].tick, known[owner].lease_seconds):
            dead.add(owner)
    return dead


def await_dead(engine: Engine, owners: Iterable[str]) -> None:
    """Wait until each owner is dead, or has shown by a heartbeat that it is not.

    A process that has ended on this machine is known at once. Of any other this takes at most its lease, and little
    more than the pause between heartbeats if it lives.
    """
    undecided = set(owners)
    first = _beats(engine, undecided)
    began = time.monotonic()
    while undecided:
        dead, seen = dead_owners(engine, undecided), _beats(engine, undecided)
        undecided = {owner for owner in undecided - dead if owner in seen and seen[owner] == first.get(owner)}
        leases = [first[owner][1] for owner in undecided if owner in first]
        if not leases or time.monotonic() - began > PATIENCE * max(leases):
            return
        time.sleep(min(leases) / TICKS_PER_LEASE / 4)


def _beats(engine: Engine, owners: set[str]) -> dict[str, tuple[int, float]]:
    """Return the number of heartbeats and the lease in s of registered owners."""
    query = select(workers.c.owner, workers.c.tick, workers.c.lease_seconds).where(workers.c.owner.in_(owners))
    return look_up(engine, lambda connection: {row[0]: (row[1], row[2]) for row in connection.execute(query)})


def dead_workers(engine: Engine) -> list[tuple[str, str]]:
    """Return (owner, outbox) of the registered workers that are dead, whose temporary files can be removed."""
    rows = look_up(engine, lambda connection: list(connection.execute(select(workers.c.owner, workers.c.outbox))))
    dead = dead_owners(engine, [row.owner for row in rows])
    return [(row.owner, row.outbox) for row in rows if row.owner in dead]


def registered_owners(engine: Engine) -> list[str]:
    """Return the owners of all registered workers, dead ones included."""
    return look_up(engine, lambda connection: [row.owner for row in connection.execute(select(workers.c.owner))])


def unregister(engine: Engine, owner: str) -> None:
    """Remove a worker from the ledger."""

    def work(connection: Connection) -> None:
        connection.execute(delete(watches).where(watches.c.owner == owner))
        connection.execute(delete(workers).where(workers.c.owner == owner))

    transact(engine, work)


def has_exited(owner: str) -> bool:
    """Return whether the process ran on this machine and has certainly ended."""
    identity = Identity.parse(owner)
    if identity is None or identity.machine != _machine() or identity.boot != boot_id():
        return False
    return process_identity(int(identity.process.partition("@")[0])) != identity.process


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return the id of this machine's boot; monotonic clocks are comparable only within one boot."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.is_file() else f"{socket.gethostname()}-no-boot-id"


def _has_timed_out(engine: Engine, owner: str, tick: int, lease: float) -> bool:
    mine = (watches.c.owner == owner) & (watches.c.boot == boot_id())
    seen = look_up(engine, lambda connection: connection.execute(select(watches).where(mine)).one_or_none())
    if seen is not None and seen.tick == tick:
        return bool(time.monotonic() - seen.clock >= lease)

    row = {"owner": owner, "boot": boot_id(), "tick": tick, "clock": time.monotonic()}
    transact(engine, lambda connection: upsert(connection, watches, [row]))
    return False


@lru_cache(maxsize=1)
def _machine() -> str:
    namespace = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()}/{namespace.readlink() if namespace.exists() else 'pid'}"
