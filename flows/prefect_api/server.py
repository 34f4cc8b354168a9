"""Prefect's server behind a password, for local clients only: `python -m flows.prefect_api.server --port 4200`."""

from __future__ import annotations

import argparse
import os
import socket
import sys

from flows.prefect_api.local_only import LocalOnly
from flows.prefect_api.password import SERVER
from tasks.scoring.worker_process import die_with_parent

HOST = "127.0.0.1"
NOT_STARTED = 3  # exit code if the application did not start, as of a locked database
LEASES = "prefect.server.concurrency.lease_storage.filesystem"


def server_command(*arguments: str) -> list[str]:
    """Return the command line that starts this module; -P keeps the working folder off the import path."""
    return [sys.executable, "-P", "-m", "flows.prefect_api.server", *arguments]


def main() -> None:
    """Serve until a signal arrives; without a password nothing is started.

    Raises:
        SystemExit: if there is no password, or the port is taken.
    """
    parser = argparse.ArgumentParser(description="Prefect's server with a password, for local clients only.")
    parser.add_argument("--port", type=int, default=0, help="port")
    parser.add_argument("--host", default=HOST, help="address to listen on; in a container 0.0.0.0")
    parser.add_argument("--allowed-host", action="append", default=[], help="another host name of the server")
    parser.add_argument("--socket", type=int, default=None, help="inherited descriptor of a bound socket")
    parser.add_argument("--parent-pipe", type=int, default=None, help="descriptor whose closing ends the server")
    parser.add_argument("--temporary", action="store_true", help="without pages and services")
    options = parser.parse_args()
    if options.parent_pipe is not None:
        die_with_parent(options.parent_pipe)
    if not os.environ.get(SERVER):
        raise SystemExit(f"sondeflow: no password for Prefect's server in {SERVER}; it is not started without one")
    given = options.socket is not None
    listening = socket.socket(fileno=options.socket) if given else bound_socket(options.port, options.host)
    _serve(listening, frozenset(options.allowed_host), temporary=options.temporary)


def bound_socket(port: int, host: str = HOST) -> socket.socket:
    """Return a socket bound to a port.

    Raises:
        SystemExit: if the port is taken.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
    try:
        listening.bind((host, port))
    except OSError as error:
        raise SystemExit(f"sondeflow: port {port} of {host}: {error.strerror}; choose another one") from error
    return listening


def _serve(listening: socket.socket, allowed: frozenset[str], *, temporary: bool) -> None:
    port = int(listening.getsockname()[1])
    origin = f"http://{HOST}:{port}"
    os.environ["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] = origin
    os.environ.setdefault("PREFECT_UI_API_URL", f"{origin}/api")
    # in memory, as by default, a restart would lose who holds the only place of a deployment, which then stays taken
    os.environ.setdefault("PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", LEASES)
    if temporary:
        os.environ["PREFECT_UI_ENABLED"] = "false"
    # imported here: Prefect reads its settings from the environment when it is imported
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    level = get_current_settings().server.logging_level.lower()
    app = LocalOnly(create_app(final=True, ephemeral=temporary), port, allowed)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_level=level, ws_ping_interval=20.0))
    server.run(sockets=[listening])
    if not server.started:
        raise SystemExit(NOT_STARTED)


if __name__ == "__main__":
    main()
