"""Processes of this machine: whether they still run, and how to tell them from later ones of the same id."""

from __future__ import annotations

import os
from pathlib import Path


def process_identity(pid: int) -> str:
    """Return a process's id and start time in clock ticks since boot, "" if it has ended.

    One that has ended and was not reaped yet counts as ended. Without /proc the start time is empty.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _identity_without_proc(pid)
    return "" if fields[0] in {"Z", "X"} else f"{pid}@{fields[19]}"


def is_running(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    return bool(process_identity(pid))


def _identity_without_proc(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return f"{pid}@"  # of another user
    return f"{pid}@"
