"""A real Prefect server in a separate process, which tests kill and restart."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from helpers.ports import free_port


class PrefectServer:
    """One server with its database in a folder."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}/api"
        self._home = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._home.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "PREFECT_HOME": str(self._home), "PREFECT_API_URL": self.url}
        environment |= {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "true"}
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self._port)]
        log = (self._home / "log").open("ab")
        self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        until = time.monotonic() + 300
        while not self._answers():
            assert time.monotonic() < until, "Prefect's server did not start"
            time.sleep(0.3)

    def kill(self) -> None:
        """End it without warning."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False
