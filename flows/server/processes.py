"""Servers started by a command, and ended with it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence

from aemodels.core.errors import SondeflowError

HOST = "127.0.0.1"
STARTUP_SECONDS = 180.0  # a cold machine imports for a minute
GRACE_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Process = subprocess.Popen[bytes]


class NotServedError(SondeflowError):
    """A server did not start, or does not stay up."""


def start(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
    """Start a command as the leader of a group of its own; what it prints goes to our stderr.

    Its workers end with the group; on Linux it is told to end also where we are killed without a chance to say so.
    """
    return subprocess.Popen(  # noqa: S603 - our own commands
        list(command),
        stdout=sys.stderr,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env=None if environment is None else dict(environment),
        preexec_fn=_end_with_parent if _LIBC is not None else None,  # noqa: PLW1509 - nothing else runs yet
    )


def await_answer(address: str, started: Sequence[Process], seconds: float = STARTUP_SECONDS) -> None:
    """Wait until an address answers.

    Raises:
        NotServedError: if one of `started` ended before, or the time is up.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if any(process.poll() is not None for process in started):
            break
        if answers(address):
            return
        time.sleep(0.3)
    raise NotServedError(f"nothing answers at {address}; is the port taken? choose another one")


def answers(address: str) -> bool:
    """Whether a GET of an address of ours succeeds."""
    try:
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own address
            return True
    except (urllib.error.URLError, OSError):
        return False


def stop(started: Sequence[Process], grace: float = GRACE_SECONDS) -> None:
    """End processes with their groups, the last started first; what does not end in time is killed."""
    for process in reversed(started):
        _signal_group(process, signal.SIGTERM)
        try:
            process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"sondeflow: {process.args!r} does not end; it is killed\n")
        _signal_group(process, signal.SIGKILL)
        process.wait()


def exit_on_signals() -> None:
    """Let SIGTERM and SIGINT leave through `finally` blocks with exit code 0."""

    def leave(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):  # once is enough; a second one must not break the clean-up
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


def watch(started: Sequence[Process], on_end: Callable[[Process], None]) -> None:
    """Look after processes until `on_end`, called for each that has ended, raises."""
    while True:
        for process in list(started):
            if process.poll() is not None:
                on_end(process)
        time.sleep(0.5)


def _signal_group(process: Process, number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return  # all of it has ended


def _end_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
