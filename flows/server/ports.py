"""Check of the ports that servers of this machine use."""

from __future__ import annotations

import os
import socket

from flows.server.home_lock import running_server
from flows.server.processes import HOST, answers
from tasks.doctor.check import Check, failed, passed, warned
from tasks.settings import Settings

PORTS = {"Prefect": 4200, "MLflow": 5000}  # by default
REMEDY = "choose another one: sondeflow serve --port, sondeflow ui --mlflow-port --prefect-port"


def check_ports(settings: Settings) -> list[Check]:
    """Return a check of each default port, and one of the Prefect server that is named or runs."""
    served = running_server(settings)
    checks = []
    for name, port in PORTS.items():
        what = f"port {port}"
        if not _is_taken(port):
            checks.append(passed(what, f"free for {name}"))
        elif served is not None and (name == "MLflow" or served.address.endswith(f":{port}")):
            checks.append(passed(what, f"used by the servers of this home, process {served.pid}"))
        else:
            checks.append(warned(what, f"another program listens where {name} would", REMEDY))
    address = os.environ.get("PREFECT_API_URL") or (f"{served.address}/api" if served is not None else "")
    if not address:
        return [*checks, passed("Prefect's server", "none runs; scoring needs none")]
    if answers(f"{address}/health"):
        return [*checks, passed("Prefect's server", f"{address} responds")]
    return [*checks, failed("Prefect's server", f"{address} does not respond", "start it, or correct PREFECT_API_URL")]


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2.0)
        return probe.connect_ex((HOST, port)) == 0
