"""Services of a deployment: processes that are started in order, restarted if they end, and stopped in reverse."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from flows.server.processes import NotServedError, Process, await_condition, start, stop, watch

SHORT_SECONDS = 60.0  # a process that ends sooner counts as a failed start
MAX_SHORT_RUNS = 3


@dataclass(frozen=True)
class Service:
    """A process that stays.

    Args:
        name: as messages call it.
        command: program and arguments; other users can read them, so they hold no secrets.
        environment: its whole environment.
        is_ready: returns whether it answers; None if nothing waits for it.
        account: user id that it runs as; None for ours.
        stop_signal: signal that ends it.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)  # it may hold passwords
    is_ready: Callable[[], bool] | None = None
    account: int | None = None
    stop_signal: int = signal.SIGTERM


@dataclass
class Supervised:
    """A service and its present process."""

    service: Service
    process: Process
    started: float
    short_runs: int = 0

    def await_ready(self) -> None:
        """Wait until it answers.

        Raises:
            NotServedError: if it ends before, or does not answer in time.
        """
        if self.service.is_ready is not None:
            problem = f"the {self.service.name} does not answer; if its port is taken, choose another one"
            await_condition(self.service.is_ready, [self.process], problem)


def launch(service: Service) -> Supervised:
    """Start a service without waiting for its answers."""
    return Supervised(service, _start(service), time.monotonic())


def supervise(supervised: Sequence[Supervised], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Restart services that end, for ever; `meanwhile` is called twice a second.

    Raises:
        NotServedError: if one of them ends repeatedly after a short time.
    """

    def again(process: Process) -> None:
        one = next(one for one in supervised if one.process is process)
        _count(one)
        sys.stderr.write(f"sondeflow: the {one.service.name} ended with {process.returncode}; it is restarted\n")
        stop([process])
        one.process, one.started = _start(one.service), time.monotonic()
        watched[watched.index(process)] = one.process
        one.await_ready()

    watched = [one.process for one in supervised]
    watch(watched, again, meanwhile)


def every(seconds: float, action: Callable[[], object]) -> Callable[[], None]:
    """Return a function that does the action if its last time is so many seconds ago, and nothing otherwise."""
    last = time.monotonic()

    def maybe() -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            action()
            last = time.monotonic()

    return maybe


def stop_all(supervised: Sequence[Supervised]) -> None:
    """Stop services, the last started first."""
    for one in reversed(supervised):
        stop([one.process], number=one.service.stop_signal)


def _start(service: Service) -> Process:
    return start(service.command, service.environment, account=service.account)


def _count(one: Supervised) -> None:
    one.short_runs = one.short_runs + 1 if time.monotonic() - one.started < SHORT_SECONDS else 0
    if one.short_runs >= MAX_SHORT_RUNS:
        raise NotServedError(
            f"the {one.service.name} ended {MAX_SHORT_RUNS} times within {SHORT_SECONDS:.0f} s of its start, "
            f"at last with {one.process.returncode}; its output is above"
        )
