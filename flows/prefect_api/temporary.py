"""Prefect's temporary servers: with our password, for local clients only, and gone with the process that needs them.

Prefect starts one if a flow runs and no PREFECT_API_URL is set. Its own has neither a password nor a check of the Host,
and stays if its parent is killed.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flows.prefect_api.server import HOST, server_command


def protect_temporary_servers() -> None:
    """Make every temporary server that Prefect starts in this process ours; a second call changes nothing."""
    from prefect.server.api.server import SubprocessASGIServer

    SubprocessASGIServer._run_uvicorn_command = _start  # type: ignore[method-assign, assignment]


@contextmanager
def shared_server() -> Iterator[None]:
    """Name one temporary server as Prefect's address meanwhile, so that other processes can use it as well.

    Without this, each process in which tasks run starts its own. A server that PREFECT_API_URL names is left as it is.
    """
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import PREFECT_API_URL, temporary_settings

    if PREFECT_API_URL.value():
        yield
        return
    server = SubprocessASGIServer()
    server.start()  # it ends with this process, after the last logs and events were sent
    with temporary_settings({PREFECT_API_URL: server.api_url}):
        yield


def _start(server: Any) -> subprocess.Popen[Any]:
    """Start a server on a port that this process has bound, so that nobody else can answer on it."""
    from prefect.settings import get_current_settings

    parent_end, parent_pipe = os.pipe()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.bind((HOST, 0))
        server.port = bound.getsockname()[1]
        server.parent_pipe = parent_pipe  # open as long as this process lives
        try:
            return subprocess.Popen(  # noqa: S603 - our own command
                server_command("--temporary", "--socket", str(bound.fileno()), "--parent-pipe", str(parent_end)),
                pass_fds=(bound.fileno(), parent_end),
                process_group=0,  # Ctrl-C is for its parent, which still reports its end to it
                env={**os.environ, **get_current_settings().to_environment_variables(exclude_unset=True)},
            )
        finally:
            os.close(parent_end)
