"""Server processes that a command starts, and ends with itself."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence

from aemodels.core.errors import SondeflowError

HOST = "127.0.0.1"
STARTUP_SECONDS = 180.0  # imports take up to a minute on a cold machine
GRACE_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Process = subprocess.Popen[bytes]


class NotServedError(SondeflowError):
    """A server did not start, or did not keep running."""


def start(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, account: int | None = None
) -> Process:
    """Start a command as leader of a new process group; its stdout goes to our stderr.

    Its child processes end with the group. On Linux it also receives SIGTERM if this process is killed.

    Args:
        command: program and arguments.
        environment: its environment; None for ours.
        account: user id that it runs as, with the group of that user; None for ours.
    """
    group = None if account is None else pwd.getpwuid(account).pw_gid
    return subprocess.Popen(  # noqa: S603 - our own commands
        list(command),
        stdout=sys.stderr,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env=None if environment is None else dict(environment),
        user=account,
        group=group,
        extra_groups=None if account is None else [],
        cwd=None if account is None else "/",  # ours may be closed to it
        preexec_fn=_end_with_parent if _LIBC is not None else None,  # noqa: PLW1509 - nothing else runs yet
    )


def await_answer(address: str, started: Sequence[Process], seconds: float = STARTUP_SECONDS) -> None:
    """Wait until an address responds.

    Raises:
        NotServedError: if one of `started` ends before that, or the time is over.
    """
    problem = f"no response from {address}; if the port is taken, choose another one"
    await_condition(lambda: answers(address), started, problem, seconds)


def await_condition(
    is_met: Callable[[], bool], started: Sequence[Process], problem: str, seconds: float = STARTUP_SECONDS
) -> None:
    """Wait until a condition is met.

    Raises:
        NotServedError: with the text of `problem`, if one of `started` ends before that, or the time is over.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if any(process.poll() is not None for process in started):
            break
        if is_met():
            return
        time.sleep(0.3)
    raise NotServedError(problem)


def answers(address: str) -> bool:
    """Return whether a GET request to one of our addresses succeeds."""
    try:
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own address
            return True
    except (urllib.error.URLError, OSError):
        return False


def stop(started: Sequence[Process], grace: float = GRACE_SECONDS, number: int = signal.SIGTERM) -> None:
    """End processes with their groups by a signal, the last started first; kill those that do not end in time."""
    for process in reversed(started):
        _signal_group(process, number)
        try:
            process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"sondeflow: {process.args!r} does not end and is killed\n")
        _signal_group(process, signal.SIGKILL)
        process.wait()


def exit_on_signals() -> None:
    """Make SIGTERM and SIGINT raise SystemExit(0), so that `finally` blocks run."""

    def leave(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):  # a second signal must not interrupt the clean-up
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


def watch(
    started: Sequence[Process], on_end: Callable[[Process], None], meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Watch processes; call `on_end` for each that has ended, until it raises, and `meanwhile` twice a second."""
    while True:
        meanwhile()
        for process in list(started):
            if process.poll() is not None:
                on_end(process)
        time.sleep(0.5)


def _signal_group(process: Process, number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return  # the group has ended


def _end_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
