"""A Dask scheduler and workers in processes of their own, which tests kill and restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from helpers.paths import ROOT
from helpers.ports import free_port


class DaskProcesses:
    """A scheduler on a fixed port, and workers under nannies that start them again.

    Args:
        folder: of logs and Dask's own files.
        variables: of the environment of the workers.
        workers: their number.
    """

    def __init__(self, folder: Path, variables: dict[str, str], workers: int = 2) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._folder = folder
        self._environment = {
            **os.environ,
            **variables,
            "PYTHONPATH": str(ROOT),
            "DASK_SCHEDULER__ALLOWED_FAILURES": "20",
        }
        self._scheduler: subprocess.Popen[bytes] | None = None
        self._nannies: list[subprocess.Popen[bytes] | None] = [None] * workers
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start the scheduler and the workers that are not running, as an orchestrator does."""
        with self._lock:
            self._start()

    def _start(self) -> None:
        if self._scheduler is None or self._scheduler.poll() is not None:
            port = self.address.rpartition(":")[2]
            options = ["--host", "127.0.0.1", "--port", port, "--no-dashboard"]
            self._scheduler = self._launch("scheduler", [*options, "--no-show"])
            time.sleep(2)
        for number, nanny in enumerate(self._nannies):
            if nanny is None or nanny.poll() is not None:
                options = [self.address, "--nthreads", "1", "--no-dashboard", "--death-timeout", "300"]
                options += ["--local-directory", str(self._folder), "--memory-limit", "2GiB"]
                preload = ["--preload", "flows.prefect_api.dask_workers"]
                self._nannies[number] = self._launch("worker", [*options, *preload])

    def kill_worker(self, number: int) -> bool:
        """Kill the worker below a nanny; False if it has none just now."""
        nanny = self._nannies[number % len(self._nannies)]
        children = [] if nanny is None else _children(nanny.pid)
        for child in children:
            os.kill(child, signal.SIGKILL)
        return bool(children)

    def kill_node(self, number: int) -> bool:
        """Kill a nanny with its worker, as if their machine were lost; False if it has no worker just now."""
        nanny = self._nannies[number % len(self._nannies)]
        children = [] if nanny is None else _children(nanny.pid)
        if nanny is None or not children:
            return False
        nanny.kill()
        nanny.wait()
        for child in children:
            with suppress(ProcessLookupError):  # it ends with its nanny
                os.kill(child, signal.SIGKILL)
        return True

    def kill_scheduler(self) -> None:
        """Kill the scheduler alone."""
        assert self._scheduler is not None
        self._scheduler.kill()
        self._scheduler.wait()

    def stop(self) -> None:
        """End all of it."""
        for process in (*self._nannies, self._scheduler):
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                for child in _children(process.pid):
                    os.kill(child, signal.SIGKILL)
                process.kill()
                process.wait()

    def _launch(self, what: str, options: list[str]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, *options]
        with (self._folder / f"{what}.log").open("ab") as log:
            return subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)


def _children(pid: int) -> list[int]:
    """Return the processes that a nanny started, without the one that watches its resources."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(pid)], check=False, capture_output=True, text=True)
    rows = [line.split(None, 1) for line in listed.stdout.splitlines()]
    return [int(row[0]) for row in rows if "resource_tracker" not in row[1]]
