"""A real `mlflow server` that a test can stop and start again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


class MlflowServer:
    """An MLflow server with its database and artifacts in `folder`, always at the same port.

    Until its first start the port is bound, but refuses connections, so that no other server gets it.
    """

    def __init__(self, folder: Path) -> None:
        self._bound = socket.socket()
        self._bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._bound.bind(("127.0.0.1", 0))
        self.port = self._bound.getsockname()[1]
        self.folder, self.process = folder, None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        store = ["--backend-store-uri", f"sqlite:///{self.folder}/server.db"]
        store += ["--artifacts-destination", str(self.folder / "art")]
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        self._bound.close()
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [*command, "--workers", "1", *store], cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        await_answer(f"{self.address}/health", self.process)

    def stop(self) -> None:
        """As a power cut: no goodbye."""
        self._bound.close()
        if self.process is not None:
            os.killpg(self.process.pid, 9)
            self.process.wait(timeout=180)  # what is written to a busy disk is written first
            self.process = None


def await_answer(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended before it answered"
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"nothing answers at {address}")
