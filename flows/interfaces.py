"""MLflow's and Prefect's pages on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from flows.runtime import prepare_environment
from tasks.settings import Settings

HOST = "127.0.0.1"
STARTUP_SECONDS = 120.0


@dataclass(frozen=True)
class Ports:
    """Where the two interfaces listen."""

    mlflow: int
    prefect: int


def serve_interfaces(ports: Ports, *, as_json: bool) -> None:
    """Start both, say where they are, and wait until one ends or Ctrl-C (or SIGTERM) comes.

    Raises:
        SystemExit: 0 after Ctrl-C, 1 if one of them did not start.
    """
    settings = Settings()
    prepare_environment(settings)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    started: list[subprocess.Popen[bytes]] = []
    try:
        started += [_start(command) for command in commands(settings, ports)]
        addresses = {"mlflow": f"http://{HOST}:{ports.mlflow}", "prefect": f"http://{HOST}:{ports.prefect}"}
        if not settings.tracking_uri.startswith("http"):
            _await(f"{addresses['mlflow']}/health", started)
        else:
            addresses["mlflow"] = settings.tracking_uri
        _await(f"{addresses['prefect']}/api/health", started)
        _announce(addresses, as_json)
        while all(process.poll() is None for process in started):
            time.sleep(0.5)
        raise SystemExit(1)
    except KeyboardInterrupt:
        raise SystemExit(0) from None
    finally:
        _stop(started)


def commands(settings: Settings, ports: Ports) -> list[list[str]]:
    """The command lines of the servers to start; MLflow's is left out where a tracking server runs already."""
    prefect = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(ports.prefect)]
    if settings.tracking_uri.startswith("http"):
        return [prefect]
    mlflow = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(ports.mlflow), "--workers", "1"]
    mlflow += ["--backend-store-uri", settings.tracking_uri]
    mlflow += ["--default-artifact-root", settings.artifacts_dir.as_uri()]
    return [mlflow, prefect]


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    # a group of its own, so that the workers it starts end with it; its stdout is not ours to fill
    return subprocess.Popen(command, stdout=sys.stderr, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603


def _await(address: str, started: list[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < until:
        if any(process.poll() is not None for process in started):
            break
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    sys.stderr.write(f"sondeflow: nothing answers at {address}; is the port taken? choose another one\n")
    raise SystemExit(1)


def _announce(addresses: dict[str, str], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"command": "ui", "ok": True, **addresses}) + "\n")
    else:
        sys.stdout.write("".join(f"{name:8} {address}\n" for name, address in addresses.items()) + "Ctrl-C ends both\n")
    sys.stdout.flush()


def _stop(started: list[subprocess.Popen[bytes]]) -> None:
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    for process in started:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
