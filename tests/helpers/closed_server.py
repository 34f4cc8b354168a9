"""Attacks on a Prefect server of this machine, as a web page in its browser would make them."""

from __future__ import annotations

import base64
import http.client
import json


def call(port: int, path: str, headers: dict[str, str], body: dict | None = None) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to a request with exactly these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest("GET" if body is None else "POST", path, skip_host=True, skip_accept_encoding=True)
        data = b"" if body is None else json.dumps(body).encode()
        for name, value in {"content-length": str(len(data)), **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(data)
        reply = connection.getresponse()
        reply.read()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}
    finally:
        connection.close()


def assert_closed(port: int, password: str) -> None:
    """Nobody gets in without the password, under a foreign name, or from a page of another origin."""
    login = "Basic " + base64.b64encode(password.encode()).decode()
    own = {"Host": f"127.0.0.1:{port}", "Authorization": login}
    path, body = "/api/flows/filter", {}
    assert call(port, path, own, body)[0] == 200
    assert call(port, path, own | {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}, body)[0] == 200
    for wrong in ("", "Basic " + base64.b64encode(b"sondeflow:guess").decode(), "Bearer x"):
        assert call(port, path, own | {"Authorization": wrong}, body)[0] == 401
    for host in ("evil.example", f"evil.example:{port}", f"127.0.0.1.evil.example:{port}", f"localhost:{port + 1}", ""):
        assert call(port, path, own | {"Host": host}, body)[0] == 403, host
    for origin in (
        "https://evil.example",
        "null",
        f"http://127.0.0.1:{port + 1}",
        f"http://127.0.0.1:{port}.evil.example",
    ):
        status, answer = call(port, path, own | {"Origin": origin}, body)
        assert (status, answer.get("access-control-allow-origin")) == (403, None), origin
        asked = {"Host": own["Host"], "Origin": origin, "Access-Control-Request-Method": "POST"}
        assert "access-control-allow-origin" not in call(port, path, asked)[1]
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade |= {"Sec-WebSocket-Key": "eDEyMzQ1Njc4OTAxMjM0NQ==", "Sec-WebSocket-Protocol": "prefect"}
    assert call(port, "/api/events/out", own | upgrade | {"Origin": "https://evil.example"})[0] == 403
    assert call(port, "/api/events/out", own | upgrade | {"Host": "evil.example"})[0] == 403
