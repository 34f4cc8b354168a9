"""Middleware of a web server: requests to local host names, and from its own pages, only.

A browser sends requests of any web page to any address. Such a page can hide behind a host name that resolves to this
machine (DNS rebinding), or send requests whose answers it cannot read. Both are refused before the server sees them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class LocalOnly:
    """ASGI application that passes local requests to another one, and answers 403 to all others.

    Args:
        app: the protected application.
        port: its port; a page of another port of this machine is a foreign page.
        allowed: host names that it answers to beside those of this machine, e.g. its own in a container.
    """

    def __init__(self, app: App, port: int, allowed: frozenset[str] = frozenset()) -> None:
        self._app, self._port, self._hosts = app, port, LOCAL_HOSTS | allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or is_local(scope["headers"], self._port, self._hosts):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(_REFUSAL))]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSAL})


_REFUSAL = b"Host or Origin refused: this server answers its own pages and local clients only\n"


def is_local(headers: list[tuple[bytes, bytes]], port: int, names: frozenset[str] = LOCAL_HOSTS) -> bool:
    """Return whether there is one known Host, and no Origin but that of the server's own pages on this machine.

    >>> is_local([(b"host", b"localhost:4200")], 4200)
    True
    >>> is_local([(b"host", b"localhost:4200"), (b"origin", b"https://example.org")], 4200)
    False
    """
    hosts = [value.decode("latin-1").lower() for name, value in headers if name.lower() == b"host"]
    origins = {value.decode("latin-1").lower() for name, value in headers if name.lower() == b"origin"}
    if len(hosts) != 1 or hosts[0] not in {f"{host}{end}" for host in names for end in ("", f":{port}")}:
        return False
    return origins <= {f"http://{host}:{port}" for host in LOCAL_HOSTS}
