"""Processes whose parents have ended: this process adopts them, so that none outlives it unnoticed (Linux only)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of all descendants whose own parents end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans(known: set[int]) -> None:
    """Let adopted processes that have ended go; those in `known` (process ids) are left to their owners."""
    for pid in children(os.getpid()) - known:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def end_orphans(grace: float = 20.0) -> None:
    """End all that still descends from this process: by SIGTERM, and after `grace` s by SIGKILL."""
    number, until = signal.SIGTERM, time.monotonic() + grace
    sent: set[tuple[int, int]] = set()
    while remaining := descendants(os.getpid()):
        if time.monotonic() > until:
            number = signal.SIGKILL
        for pid in remaining:
            if (pid, number) not in sent:
                sent.add((pid, number))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        reap_orphans(set())
        if time.monotonic() > until + grace:
            sys.stderr.write(f"sondeflow: processes {sorted(remaining)} cannot be ended\n")
            return
        time.sleep(0.1)


def descendants(pid: int) -> set[int]:
    """Return the ids of all processes that descend from one."""
    found: set[int] = set()
    new = children(pid)
    while new:
        found |= new
        new = set().union(*(children(child) for child in new)) - found
    return found


def children(pid: int) -> set[int]:
    """Return the ids of a process's children, of all its threads; empty if it has ended, or not on Linux."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found |= {int(child) for child in (thread / "children").read_text(encoding="ascii").split()}
    return found
