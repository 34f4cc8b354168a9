"""The Dask worker that runs a task, as the task sees it."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from typing import Any

CALL_FILES = 8  # a call costs little, and at the end no worker waits long for the last call of another


@dataclass(frozen=True)
class WorkerShare:
    """Resources of a Dask worker: its threads, each of which runs a task, and its memory in bytes, 0 if unlimited."""

    threads: int
    memory: int


def worker_share() -> WorkerShare | None:
    """Return the resources of the Dask worker of this task; None outside of one."""
    worker = _dask_worker()
    if worker is None:
        return None
    return WorkerShare(max(1, worker.state.nthreads), int(worker.memory_manager.memory_limit or 0))


def worker_name() -> str:
    """Return the name of the Dask worker of this task and of its machine; "this process" outside of one."""
    worker = _dask_worker()
    return "this process" if worker is None else f"worker {worker.name} on {socket.gethostname()}"


def _dask_worker() -> Any:
    """Return the Dask worker of this thread's task; None without one. Dask is not imported for this."""
    # another thread may be importing it just now, which nobody does in a task of a worker
    get_worker = getattr(sys.modules.get("distributed"), "get_worker", None)
    if get_worker is None:
        return None
    try:
        return get_worker()
    except ValueError:
        return None
