"""Server of reports that takes their reviews: on this machine, for whoever has its address with the token."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import markupsafe
from sqlalchemy import Engine

from aemodels.core.errors import DataError
from aemodels.report.html.report import POLICY
from aemodels.review.document import MAX_BYTES, parse_review
from flows.prefect_api.local_only import LocalOnly, Receive, Scope, Send
from flows.prefect_api.server import bound_socket
from tasks.ledger import open_ledger
from tasks.ledger.reviews import add_review
from tasks.settings import Settings
from tasks.storage.secret_file import new_password, read_or_make

REPORTS, REVIEWS = "reports", "reviews"
HTML, JSON = "text/html; charset=utf-8", "application/json"
# The address holds the token: it is kept from other sites, from caches, and from frames of other pages.
_HEADERS = (
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'
    "<title>Reports to review</title><h1>Reports to review</h1><ul>{rows}</ul>"
)


class _RefusedError(Exception):
    """A request that is not answered, with its status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ReviewApp:
    """ASGI application: GET of the reports of an outbox, POST of their reviews, below the path of the token.

    Args:
        outbox: its reports are served, and nothing else.
        ledger: keeps the reviews.
        token: first part of every path.
    """

    def __init__(self, outbox: Path, ledger: Engine, token: str) -> None:
        self._reports, self._ledger, self._token = outbox / REPORTS, ledger, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} here; expected http")
        try:
            kind, body = await self._reply(scope, receive)
            await _answer(send, 200, kind, body)
        except _RefusedError as error:
            await _answer(send, error.status, JSON, json.dumps({"error": str(error)}).encode())

    async def _reply(self, scope: Scope, receive: Receive) -> tuple[str, bytes]:
        first, *rest = str(scope["path"]).removeprefix("/").split("/")
        if not hmac.compare_digest(first.encode(), self._token.encode()):
            raise _RefusedError(404, "nothing here; use the address that `sondeflow reviews serve` printed")
        if rest == [REVIEWS]:
            if scope["method"] != "POST":
                raise _RefusedError(405, "reviews are sent with POST")
            return JSON, await asyncio.to_thread(self._keep, await _body(scope, receive))
        if scope["method"] != "GET":
            raise _RefusedError(405, "reports are read with GET")
        if rest in ([], [""]):
            return HTML, await asyncio.to_thread(self._index)
        return HTML, await asyncio.to_thread(self._report, rest)

    def _index(self) -> bytes:
        names = [path.relative_to(self._reports).as_posix() for path in sorted(self._reports.rglob("*.html"))]
        rows = "".join(f'<li><a href="{REPORTS}/{quote(name)}">{escape(name)}</a></li>' for name in names)
        return _PAGE.format(rows=rows).encode()

    def _report(self, parts: Sequence[str]) -> bytes:
        """Return a report that may send its review here, and only here."""
        path = self._reports.joinpath(*parts[1:])
        inside = path.resolve().is_relative_to(self._reports.resolve())
        if parts[0] != REPORTS or path.suffix != ".html" or not inside or not path.is_file():
            raise _RefusedError(404, "no such report")
        closed = str(markupsafe.escape(POLICY))
        return path.read_bytes().replace(closed.encode(), f"{closed}connect-src 'self'; ".encode(), 1)

    def _keep(self, content: bytes) -> bytes:
        try:
            review = parse_review(content, "the review")
        except DataError as error:
            raise _RefusedError(422, str(error)) from error
        result = "kept" if add_review(self._ledger, review) else "known already"
        return json.dumps({"result": result, "review": review.content_hash}).encode()


async def _body(scope: Scope, receive: Receive) -> bytes:
    kinds = [value for name, value in scope["headers"] if name.lower() == b"content-type"]
    if kinds != [JSON.encode()]:  # what a form of another page cannot send without being asked first
        raise _RefusedError(415, f"expected the content type {JSON}")
    content = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _RefusedError(400, "the request ended early")
        content += bytes(message.get("body", b""))
        if len(content) > MAX_BYTES:
            raise _RefusedError(413, f"expected a review of at most {MAX_BYTES:,} bytes")
        if not message.get("more_body", False):
            return content


async def _answer(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body)), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def token_file(settings: Settings) -> Path:
    """Return the path of the file with the token, which only its owner can read."""
    return settings.home / "review-token"


def review_app(outbox: Path, settings: Settings, port: int) -> tuple[LocalOnly, str]:
    """Return the application, which answers this machine only, and the address of its pages with the token.

    Raises:
        DataError: if the folder has no reports.
    """
    if not (outbox / REPORTS).is_dir():
        raise DataError(f"{outbox} has no folder `{REPORTS}`; expected the outbox of `sondeflow score --out`")
    token = read_or_make(token_file(settings), new_password)
    app = ReviewApp(outbox, open_ledger(settings.ledger_url), token)
    return LocalOnly(app, port), f"http://127.0.0.1:{port}/{token}/"


def serve_reviews(app: LocalOnly, port: int) -> None:
    """Serve until a signal arrives.

    Raises:
        SystemExit: if the port is taken.
    """
    import uvicorn

    uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning")).run(sockets=[bound_socket(port)])
