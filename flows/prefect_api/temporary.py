"""Prefect's temporary servers: with our password, for local clients only, and gone with the process that needs them.

Prefect starts one if a flow runs and no PREFECT_API_URL is set. Its own has neither a password nor a check of the Host,
and stays if its parent is killed.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aemodels.core.errors import SondeflowError
from flows.prefect_api.server import HOST, NOT_STARTED, server_command

# A machine with many trainings has taken more than two minutes. One that ends is noticed at once.
STARTUP_SECONDS = 600.0
MAX_STARTS = 3


class NoServerError(SondeflowError):
    """Prefect's temporary server did not start."""


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
    """Start a server and wait until it listens; again if its database was locked.

    Prefect's own wait is too short for a machine with much to do, and as long for a server that has ended.

    Raises:
        NoServerError: if it ends, or does not listen in time.
    """
    for _ in range(MAX_STARTS):
        process = _launch(server)
        if await_listening(process, server.port):
            return process
        if process.returncode != NOT_STARTED:
            break
    raise NoServerError(
        f"Prefect's temporary server ended with {process.returncode} while it started; see its output above"
    )


def _launch(server: Any) -> subprocess.Popen[Any]:
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


def await_listening(process: subprocess.Popen[Any], port: int, seconds: float = STARTUP_SECONDS) -> bool:
    """Wait until a server listens on a port of this machine, as it does when its database is ready.

    Returns:
        False if its process has ended.

    Raises:
        NoServerError: if it does not listen in time; it is killed.
    """
    until = time.monotonic() + seconds
    while process.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=5.0).close()
        except OSError:
            if time.monotonic() > until:
                process.kill()
                raise NoServerError(
                    f"Prefect's temporary server does not listen after {seconds:.0f} s; this machine has too much to "
                    "do, or set PREFECT_API_URL to a server that runs"
                ) from None
            time.sleep(0.1)
        else:
            return True
    return False
