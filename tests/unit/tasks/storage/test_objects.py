"""Objects of a store: written once, replaced only as they were seen, whole or not at all; of S3 and of memory alike."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io.remote import list_remote
from helpers.s3_server import S3Server, s3_server
from tasks.storage import parts
from tasks.storage.objects import ChangedObjectError, open_store
from tasks.storage.parts import Piece

BASE = "s3://results/box"


@pytest.fixture(scope="module")
def running() -> Iterator[S3Server]:
    with s3_server("results") as server:
        yield server


@pytest.fixture
def server(running: S3Server) -> Iterator[S3Server]:
    yield running
    running.fail_every, running.refused = 0, lambda *_: None
    if found := running.system.find("results"):
        running.system.rm(found)


@pytest.fixture(params=["s3", "memory"])
def base(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "s3":
        request.getfixturevalue("server")
        yield BASE
        return
    yield "memory://results/box"
    fsspec.filesystem("memory").rm("/results", recursive=True)


@pytest.fixture
def write(tmp_path: Path):
    """A function that writes a file of given bytes; its path and what is stored about it."""

    def made(content: bytes) -> tuple[Path, dict[str, str]]:
        digest = hashlib.sha256(content).hexdigest()
        path = tmp_path / f".{digest[:8]}.bin.part"
        path.write_bytes(content)
        return path, {"sha256": digest, "result": "scores/a.parquet"}

    return made


def test_an_object_is_written_once(base, write):
    store, (one, about), (other, about_other) = open_store(base), write(b"one"), write(b"other")
    assert store.find(f"{base}/a") is None
    store.create(one, f"{base}/a", about)
    with pytest.raises(FileExistsError):
        store.create(other, f"{base}/a", about_other)
    seen = store.find(f"{base}/a")
    assert (seen.size, store.digest(seen)) == (3, about["sha256"])


def test_an_object_is_replaced_as_it_was_seen(base, write):
    store, (one, about), (other, about_other) = open_store(base), write(b"one"), write(b"other")
    store.create(one, f"{base}/a", about)
    seen = store.find(f"{base}/a")
    store.replace(other, seen, about_other)
    assert store.digest(store.find(f"{base}/a")) == about_other["sha256"]
    with pytest.raises(ChangedObjectError):
        store.replace(one, seen, about)
    assert store.digest(store.find(f"{base}/a")) == about_other["sha256"]


def test_objects_are_listed_fetched_and_deleted(base, write, tmp_path):
    store = open_store(base)
    for key in ("b/2", "a", "b/1"):
        store.create(*_to(write(key.encode()), f"{base}/{key}"))
    listed = list(store.list(base))
    assert [item.address for item in listed] == [f"{base}/{key}" for key in ("a", "b/1", "b/2")]
    store.fetch(listed[1], tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"b/1"
    assert (tmp_path / "copy").stat().st_mtime == pytest.approx(listed[1].modified, abs=1e-3)
    store.delete(f"{base}/a")
    assert store.find(f"{base}/a") is None
    assert len(list(store.list(base))) == 2


def _to(made: tuple[Path, dict[str, str]], address: str) -> tuple[Path, str, dict[str, str]]:
    return made[0], address, made[1]


def test_of_many_writers_at_once_one_wins(server, write):
    written, refused, lock = [], [], threading.Lock()
    files = [write(str(number).encode()) for number in range(8)]

    def put(made: tuple[Path, dict[str, str]]) -> None:
        try:
            open_store(BASE).create(*_to(made, f"{BASE}/a"))
            result = written
        except FileExistsError:
            result = refused
        with lock:
            result.append(made[1]["sha256"])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, files))
    assert (len(written), len(refused)) == (1, 7)
    assert open_store(BASE).find(f"{BASE}/a").sha256 == written[0]


def test_more_objects_than_one_page(server):
    """A page of S3 has 1,000; the inbox is listed once, without a question about any object."""
    server.fill("results", (f"in/{number:04d}.las" for number in range(2105)))
    server.requests.clear()
    found = list_remote("s3://results/in")
    assert [item.url for item in found] == [f"s3://results/in/{number:04d}.las" for number in range(2105)]
    assert all(item.size == 1 and item.tag for item in found)
    assert server.requests["GET"] == 3
    assert server.requests["HEAD"] <= 1


def test_failing_requests_are_repeated_and_lost_answers_recognised(server, write, monkeypatch):
    """Every third request fails, half of them after they were done: each object is there once, as it was written."""
    monkeypatch.setattr(parts, "PART_BYTES", 5 * 2**20)
    store, files = open_store(BASE), [write(f"well {number}".encode()) for number in range(12)]
    large = write(b"x" * (11 * 2**20))
    server.fail_every = 3
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda made: store.create(*_to(made, f"{BASE}/{made[1]['sha256']}")), [*files, large]))
    server.fail_every = 0
    assert server.failed >= 4
    there = server.files(BASE)
    assert {name: hashlib.sha256(content).hexdigest() for name, content in there.items()} == {n: n for n in there}
    assert len(there) == 13


def test_an_interrupted_upload_leaves_nothing(server, write, monkeypatch):
    """The second part of three never arrives: no object, and no parts that cost money."""
    monkeypatch.setattr(parts, "PART_BYTES", 5 * 2**20)
    large, about = write(b"y" * (11 * 2**20))
    server.refused = lambda method, path, query: (403, b"<Error><Code>AccessDenied</Code></Error>") if (
        method == "PUT" and "partNumber=2" in query
    ) else None  # fmt: skip
    with pytest.raises(OSError, match=r"(?i)denied"):
        open_store(BASE).create(large, f"{BASE}/line.sgy", about)
    assert server.files("s3://results") == {}
    # an upload of another test, whose beginning was done and not answered, may be left
    uploads = server.system.call_s3("list_multipart_uploads", Bucket="results").get("Uploads") or []
    assert not [upload for upload in uploads if upload["Key"].endswith("/line.sgy")]
    server.refused = lambda *_: None
    open_store(BASE).create(large, f"{BASE}/line.sgy", about)
    assert server.files(BASE)["line.sgy"] == large.read_bytes()


def test_what_the_store_has_of_a_file_is_copied_there(server, write):
    """Of three pieces behind a header one is altered: the first and that are sent, the last is not."""
    contents = [bytes([65 + number]) * (6 * 2**20) for number in range(3)]
    large, about = write(b"h" * 3600 + b"".join(contents) + b"tail" + b"z" * (16 * 2**20))
    store, pieces, start = open_store(BASE), [], 3600
    for number, content in enumerate(contents):
        piece, about_piece = write(content)
        store.create(piece, f"{BASE}/ranges/{number}", about_piece)
        pieces.append(Piece(f"{BASE}/ranges/{number}", start, start + len(content), about_piece["sha256"]))
        start += len(content)
    other, about_other = write(b"o" * len(contents[1]))
    store.replace(other, store.find(f"{BASE}/ranges/1"), about_other)
    server.requests.clear()
    server.received = 0
    store.create(large, f"{BASE}/line.sgy", about, pieces)
    assert server.system.cat_file(f"{BASE}/line.sgy") == large.read_bytes()
    assert store.find(f"{BASE}/line.sgy").sha256 == about["sha256"]
    assert server.requests["COPY"] == 1
    assert large.stat().st_size - server.received == pytest.approx(6 * 2**20, abs=10_000)


def test_a_server_without_conditional_writes_is_asked_first(server, write):
    one, other = write(b"one"), write(b"other")
    conditional: list[str] = []

    app = server._app

    def without(environ, start_response):
        if environ.get("HTTP_IF_NONE_MATCH"):
            conditional.append(environ["PATH_INFO"])
            start_response("501 Not Implemented", [("Content-Type", "application/xml")])
            return [b"<Error><Code>NotImplemented</Code><Message>no such header</Message></Error>"]
        return app(environ, start_response)

    server._app = without
    try:
        open_store(BASE).create(*_to(one, f"{BASE}/a"))
        with pytest.raises(FileExistsError):
            open_store(BASE).create(*_to(other, f"{BASE}/a"))
    finally:
        server._app = app
    assert conditional
    assert server.files(BASE) == {"a": b"one"}


def test_an_address_with_a_login_is_refused_and_not_repeated():
    with pytest.raises(UnreadableFileError) as caught:
        open_store("s3://key:hidden-secret@bucket/box")
    assert caught.value.findings[0].code == "login-in-address"
    assert "hidden-secret" not in str(caught.value)
