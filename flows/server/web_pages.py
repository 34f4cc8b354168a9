"""Web interfaces of MLflow and Prefect on this machine."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from flows.console import print_now
from flows.environment import prepare_environment
from flows.prefect_api.password import shown_password
from flows.prefect_api.server import server_command
from flows.server.home_lock import running_server
from flows.server.mlflow_login import AUTHENTICATION, mlflow_login
from flows.server.processes import HOST, NotServedError, Process, await_answer, exit_on_signals, start, stop, watch
from tasks.settings import Settings

# its jobs evaluate language models: seven processes that nothing here uses
NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@dataclass(frozen=True)
class Ports:
    """Ports of the two interfaces."""

    mlflow: int
    prefect: int


def serve_interfaces(ports: Ports, *, as_json: bool) -> None:
    """Start both interfaces, print their addresses, and wait for Ctrl-C or SIGTERM.

    An interface that runs already (its address is set, or `sondeflow serve` runs in the same home) is not started
    again; its address is printed.

    Raises:
        SystemExit: 0 after Ctrl-C or SIGTERM.
        NotServedError: if one of them does not start, or ends.
    """
    settings = Settings()
    prepare_environment(settings)
    elsewhere = known_addresses(settings)
    exit_on_signals()
    started: list[Process] = []
    try:
        wanted = [command for name, command in commands(settings, ports).items() if name not in elsewhere]
        environment = dict(os.environ)
        if "mlflow" not in elsewhere:
            if settings.has_registry:
                _migrate(settings)
            # not as an argument, which `ps` shows to everybody
            environment["MLFLOW_BACKEND_STORE_URI"] = settings.tracking_uri.for_sqlalchemy
            environment |= NO_JOBS | mlflow_login(settings, f"sqlite:///{settings.home / 'mlflow-auth.db'}")
        started += [start(command, environment) for command in wanted]
        addresses = {"mlflow": f"http://{HOST}:{ports.mlflow}", "prefect": f"http://{HOST}:{ports.prefect}"} | elsewhere
        for name, health in (("mlflow", "/health"), ("prefect", "/api/health")):
            if name not in elsewhere:
                await_answer(f"{addresses[name]}{health}", started)
        lines = [f"{name:8} {address}" for name, address in addresses.items()]
        if "prefect" not in elsewhere or running_server(settings) is not None:
            lines.append(f"password {shown_password(settings, os.environ)}, for the pages of Prefect")
        if "mlflow" not in elsewhere:
            lines.append(f"password {settings.own_tracking_password} (user:password), for the pages of MLflow")
        print_now({"command": "ui", "ok": True, **addresses}, [*lines, "Ctrl-C ends both"], as_json=as_json)
        watch(started, _ended)
    finally:
        stop(started)


def _migrate(settings: Settings) -> None:
    """Connect once: a store of an older MLflow is migrated, which its server would refuse."""
    from tasks.tracking.store import connect  # imports MLflow

    connect(settings)


def known_addresses(settings: Settings) -> dict[str, str]:
    """Return the addresses of interfaces that run already."""
    known = {"mlflow": settings.tracking_uri.base} if settings.tracking_uri.is_http else {}
    if api := os.environ.get("PREFECT_API_URL"):
        return known | {"prefect": api.removesuffix("/api")}
    served = running_server(settings)
    return known | ({"prefect": served.address} if served is not None else {})


def commands(settings: Settings, ports: Ports) -> dict[str, list[str]]:
    """Return the command lines of both servers."""
    mlflow = [*mlflow_server(ports.mlflow), "--default-artifact-root", settings.artifacts_dir.as_uri()]
    return {"mlflow": mlflow, "prefect": prefect_server(ports.prefect)}


def mlflow_server(port: int) -> list[str]:
    """Return the command line of an MLflow server with a password, for this machine only.

    Its name and origin checks are MLflow's own: local host names, and pages of this machine.
    """
    command = [sys.executable, "-P", "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"]
    # a line per request would fill the log
    return [*command, *AUTHENTICATION, "--uvicorn-opts", "--log-level warning"]


def prefect_server(port: int) -> list[str]:
    """Return the command line of a Prefect server with a password, for this machine only."""
    return server_command("--port", str(port))


def _ended(process: Process) -> None:
    raise NotServedError(f"{process.args!r} ended with {process.returncode}; its output is above")
