"""An S3 server on this machine (moto), which can fail some requests, before or after doing them."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import fsspec
import pytest

KEY, SECRET = "AKIAUNDERTEST", "planted-object-secret"
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
UNAVAILABLE = b"<?xml version='1.0'?><Error><Code>ServiceUnavailable</Code><Message>planted</Message></Error>"


class S3Server:
    """The server, with what tests ask of it.

    Args:
        fail_every: every such request fails, 0 = none; of those that fail every second one is done before.

    `requests` counts by method, with "COPY" for those that copy within the store; `received` is the bytes sent to it.
    """

    def __init__(self, fail_every: int = 0) -> None:
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        self.fail_every = fail_every
        self.refused: Callable[[str, str, str], tuple[int, bytes] | None] = lambda method, path, query: None
        self.requests: Counter[str] = Counter()
        self.failed = self.received = 0
        self._lock = threading.Lock()
        self._app: Wsgi = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def variables(self) -> dict[str, str]:
        """The SDK's own variables, by which everybody finds the server."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @property
    def system(self) -> Any:
        """A file system of its own, so that tests look past the caches of what they test."""
        options = {"key": KEY, "secret": SECRET, "endpoint_url": self.url, "skip_instance_cache": True}
        return fsspec.filesystem("s3", use_listings_cache=False, **options)

    def files(self, address: str) -> dict[str, bytes]:
        """Return the bytes of all objects below an address, by what their keys add to it."""
        system, base = self.system, address.removeprefix("s3://").rstrip("/")
        return {name.removeprefix(f"{base}/"): system.cat_file(name) for name in system.find(base)}

    def fill(self, bucket: str, keys: Iterable[str]) -> None:
        """Make objects of one byte, not by requests."""
        from moto.s3.models import s3_backends

        backend = next(one["aws"] for one in s3_backends.values() if bucket in one["aws"].buckets)
        for key in keys:
            backend.put_object(bucket, key, b"x")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path, query = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"]
        with self._lock:
            self.requests["COPY" if "HTTP_X_AMZ_COPY_SOURCE" in environ else method] += 1
            self.received += int(environ.get("CONTENT_LENGTH") or 0)
            due = self.fail_every and sum(self.requests.values()) % self.fail_every == 0
            self.failed += bool(due)
            lost = due and self.failed % 2 == 0
        if (refusal := self.refused(method, path, query)) is not None:
            start_response(f"{refusal[0]} refused", [("Content-Type", "application/xml")])
            return [refusal[1]]
        if lost:  # it is done, and nobody learns of it
            for _ in self._app(environ, lambda *_: None):
                pass
        if due:
            start_response("503 Service Unavailable", [("Content-Type", "application/xml")])
            return [UNAVAILABLE]
        return self._app(environ, start_response)


@contextmanager
def s3_server(bucket: str, fail_every: int = 0) -> Iterator[S3Server]:
    """Start a server with a bucket; within the block it is that of the environment."""
    server = S3Server()
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in server.variables.items():
            patch.setenv(name, value)
        _forget_clients()
        server.system.mkdir(bucket)
        server.fail_every = fail_every
        server.requests.clear()
        try:
            yield server
        finally:
            _forget_clients()
            server.stop()


def _forget_clients() -> None:
    """Clients are kept by their options, not by the environment that they were made in."""
    from s3fs import S3FileSystem

    from tasks.storage import results

    S3FileSystem.clear_instance_cache()
    results._store.cache_clear()
