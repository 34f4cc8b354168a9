"""Real servers for tests: a Prefect server, a webhook that stores requests, and waiting for their effects."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from flows.server.processes import await_answer, start, stop
from flows.server.web_pages import prefect_server
from helpers.paths import ROOT
from helpers.ports import free_port

PASSWORD = "sondeflow:of-a-test"
PASSWORDS: dict[str, str] = {}  # of the servers that `ask` calls, by the address of their API


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """This environment without what names another home or server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SONDEFLOW_", "PREFECT_"))}
    own = {
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SONDEFLOW_HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }
    return kept | own | more


@contextlib.contextmanager
def running_prefect(home: Path, **more: str) -> Iterator[dict[str, str]]:
    """A Prefect server in `home`; gives the environment of its clients."""
    (home / "prefect").mkdir(parents=True, exist_ok=True)
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    PASSWORDS[api] = PASSWORD
    login = {"PREFECT_API_AUTH_STRING": PASSWORD, "PREFECT_SERVER_API_AUTH_STRING": PASSWORD}
    environment = clean_environment(home, PREFECT_API_URL=api, **login, **more)
    process = start(prefect_server(port), environment)
    try:
        await_answer(f"http://127.0.0.1:{port}/api/health", [process])
        yield environment
    finally:
        stop([process])


def ask(api: str, path: str, body: dict[str, Any] | None = None, method: str = "") -> Any:
    """A call of Prefect's API: GET, or POST where there is a body; again, as its clients do, while it answers 503."""
    data = None if body is None else json.dumps(body).encode()
    login = base64.b64encode(PASSWORDS.get(api, "").encode()).decode()
    headers = {"content-type": "application/json", "authorization": f"Basic {login}"}
    request = Request(f"{api}{path}", data=data, headers=headers)
    request.method = method or ("GET" if body is None else "POST")
    for wait in (1.0, 2.0, 4.0, 8.0, None):  # a locked SQLite database
        try:
            with urlopen(request, timeout=30) as reply:
                text = reply.read()
            return json.loads(text) if text else None
        except HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE or wait is None:
                raise
            time.sleep(wait)
    return None


def wait_for(what: str, condition: Callable[[], Any], seconds: float = 180.0) -> Any:
    """The first true value of a condition; fails, saying what never came."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(1.0)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


class Webhook:
    """A local address that takes POSTs and remembers their JSON."""

    def __init__(self) -> None:
        calls: list[dict[str, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                calls.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.calls = calls
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def __enter__(self) -> Webhook:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def named(self, alert: str) -> list[dict[str, Any]]:
        return [call for call in self.calls if call["alert"] == alert]
