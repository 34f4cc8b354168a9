"""Server of the metrics: GET /metrics, read only, for local clients."""

from __future__ import annotations

import asyncio
import os
import socket

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from flows.prefect_api.local_only import LocalOnly, Receive, Scope, Send
from flows.prefect_api.server import bound_socket
from tasks.settings import Settings

PATH = "/metrics"


class MetricsApp:
    """ASGI application that answers GET /metrics, one request at a time.

    Args:
        registry: the metrics.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} here; expected http")
        if scope["path"] != PATH:
            return await _answer(send, 404, "text/plain", b"see /metrics\n")
        if scope["method"] not in {"GET", "HEAD"}:
            return await _answer(send, 405, "text/plain", b"read only\n")
        async with self._one_at_a_time:
            text = await asyncio.to_thread(generate_latest, self._registry)
        await _answer(send, 200, CONTENT_TYPE_LATEST, text if scope["method"] == "GET" else b"")


async def _answer(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve_metrics(port: int, host: str, allowed: frozenset[str]) -> None:
    """Serve until a signal arrives.

    Args:
        port: of the server.
        host: address that it listens on.
        allowed: host names that it answers to beside those of this machine.

    Raises:
        SystemExit: if the port is taken.
    """
    import uvicorn

    from flows.metrics.collect import SondeflowCollector

    registry = CollectorRegistry(auto_describe=False)
    registry.register(SondeflowCollector(Settings(), os.environ.get("PREFECT_API_URL", "")))
    app = LocalOnly(MetricsApp(registry), port, allowed)
    listening: socket.socket = bound_socket(port, host)
    uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning")).run(sockets=[listening])
