"""Files from URLs; s3 against a server that really listens on this machine."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io import SizeLimits, fetch, fetch_all, list_urls, read, read_url, sha256_file, write_las, write_segy
from aemodels.io.remote import tag_and_time
from helpers.recordings import make_line, make_well

BUCKET = "survey"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A well, a line, and the well packed."""
    folder = tmp_path_factory.mktemp("files")
    write_las(make_well(samples=50), folder / "w.las")
    write_segy(make_line(traces=5, samples=30), folder / "l.sgy")
    (folder / "p.las.gz").write_bytes(gzip.compress((folder / "w.las").read_bytes()))
    return folder


@pytest.fixture(scope="module")
def s3(folder: Path) -> Iterator[dict[str, Any]]:
    """Options of an s3 server with the files under survey/field/, and some things that are not for reading."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {"endpoint_url": f"http://{host}:{port}", "key": "k", "secret": "s", "skip_instance_cache": True}
    system = fsspec.filesystem("s3", client_kwargs={"region_name": "eu-west-1"}, **options)
    system.mkdir(BUCKET)
    for path in folder.iterdir():
        system.put(str(path), f"{BUCKET}/field/{path.name}")
    for name in ("field/notes.txt", "field/.hidden.las", "field/new.las.part", "fieldwork/other.las"):
        system.pipe(f"{BUCKET}/{name}", b"x")
    yield options
    server.stop()


@pytest.fixture
def memory(folder: Path) -> Iterator[str]:
    system = fsspec.filesystem("memory")
    for path in folder.iterdir():
        system.pipe(f"/field/{path.name}", path.read_bytes())
    yield "memory://field"
    system.rm("/field", recursive=True)


def refusal(url: str, **keywords: Any) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        read_url(url, **keywords)
    return caught.value.findings[0].code


def check(base: str, folder: Path, options: dict[str, Any] | None) -> None:
    """Every file below a URL reads as the local one does."""
    urls = list_urls(base, options=options)
    assert [url.rsplit("/", 1)[1] for url in urls] == ["l.sgy", "p.las.gz", "w.las"]
    for url in urls:
        local = folder / url.rsplit("/", 1)[1]
        one, two = read(local), read_url(url, options=options)
        np.testing.assert_array_equal(two.values, one.values)
        assert (two.channels, two.name, two.findings) == (one.channels, one.name, one.findings)
        assert (two.source.uri, two.source.sha256) == (url, sha256_file(local))


def test_s3(s3: dict[str, Any], folder: Path, tmp_path: Path):
    check(f"s3://{BUCKET}/field", folder, s3)
    path = fetch(f"s3://{BUCKET}/field/l.sgy", tmp_path / "here", options=s3)
    assert path == tmp_path / "here" / "l.sgy"
    assert path.read_bytes() == (folder / "l.sgy").read_bytes()


def test_a_whole_prefix_is_fetched_and_one_failure_stops_nothing(s3: dict[str, Any], folder: Path, tmp_path: Path):
    limits = SizeLimits(stored=(folder / "l.sgy").stat().st_size - 1)
    files, problems = fetch_all(f"s3://{BUCKET}/field", tmp_path, options=s3, limits=limits)
    assert [path.name for path in files] == ["p.las.gz", "w.las"]
    assert [path.read_bytes() for path in files] == [(folder / path.name).read_bytes() for path in files]
    assert [(url, finding.code) for url, finding in problems] == [(f"s3://{BUCKET}/field/l.sgy", "too-large")]


def test_the_server_and_keys_may_come_from_the_environment(
    s3: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3["endpoint_url"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    fsspec.filesystem("s3").clear_instance_cache()
    check(f"s3://{BUCKET}/field", folder, None)
    fsspec.filesystem("s3").clear_instance_cache()


def test_s3_says_what_is_wrong(s3: dict[str, Any]):
    assert refusal(f"s3://{BUCKET}/field/none.las", options=s3) == "missing"
    assert refusal(f"s3://{BUCKET}/field/notes.txt", options=s3) == "unknown-suffix"
    assert refusal(f"s3://{BUCKET}/field/w.las", options=s3, limits=SizeLimits(stored=100)) == "too-large"


def test_no_server_is_told():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "endpoint_url": f"http://127.0.0.1:{port}",
        "key": "k",
        "secret": "s",
        "config_kwargs": {"retries": {"max_attempts": 0}, "connect_timeout": 2},
    }
    assert refusal("s3://b/w.las", options=options) == "not-reachable"


def test_memory(memory: str, folder: Path):
    check(memory, folder, None)
    assert refusal(f"{memory}/none.las") == "missing"
    assert refusal(f"{memory}/w.las", limits=SizeLimits(stored=100)) == "too-large"


def test_files(folder: Path):
    check(f"file://{folder}", folder, None)


def test_a_link_out_of_a_listed_folder_is_passed_over(folder: Path, tmp_path: Path):
    (tmp_path / "out.las").symlink_to(folder / "w.las")
    write_las(make_well(samples=50), tmp_path / "in.las")
    assert list_urls(f"file://{tmp_path}") == (f"file://{tmp_path}/in.las",)


def test_names_that_lead_upwards_stay_below(tmp_path: Path):
    system = fsspec.filesystem("memory")
    system.store["/up/../../evil.las"] = fsspec.implementations.memory.MemoryFile(system, "/up/../../evil.las", b"x")
    try:
        assert list_urls("memory://up") == ()
        inside = tmp_path / "a" / "b"
        path = fetch("memory://up/../../evil.las", inside)
        assert path == inside / "evil.las"
    finally:
        del system.store["/up/../../evil.las"]
    assert [found.name for found in tmp_path.rglob("*") if found.is_file()] == ["evil.las"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/w.las",
        "https://example.org/w.las",
        "ftp://example.org/w.las",
        "simplecache::s3://b/w.las",
        "zip://w.las::file:///a.zip",
        "file://a.zip::http://example.org/w.las",
        "s3:/b/w.las",
        "w.las",
    ],
)
def test_other_protocols_are_refused(url: str):
    assert refusal(url) == "unknown-scheme"


@pytest.mark.parametrize("name", ["..", "a\\b.las", "x" * 300 + ".las"])
def test_names_that_are_no_names_are_refused(name: str, tmp_path: Path):
    with pytest.raises(UnreadableFileError, match=r"bad-name|missing"):
        fetch(f"memory://field/{name}", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port that writes down what is asked of it."""
    heard: list[bytes] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(5)

        def serve() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    with connection:
                        heard.append(connection.recv(100))
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_nothing_is_fetched_that_was_not_asked_for(
    listener: tuple[int, list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Neither a path that looks like a URL, nor a file whose content is one (lasio fetches such strings)."""
    port, heard = listener
    monkeypatch.chdir(tmp_path)
    url = f"http://127.0.0.1:{port}/w.las"
    (tmp_path / "link.las").write_text(url)
    for path in (Path(url), Path(f"s3://127.0.0.1:{port}/w.las"), tmp_path / "link.las"):
        with pytest.raises(UnreadableFileError):
            read(path)
    assert heard == []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"the listener listens")
    for _ in range(100):
        if heard:
            break
        threading.Event().wait(0.02)
    assert heard == [b"the listener listens"]


@pytest.mark.parametrize(
    ("info", "tag", "modified"),
    [
        ({"ETag": '"a1"', "LastModified": datetime(2026, 1, 2, tzinfo=UTC)}, '"a1"', 1767312000.0),  # S3
        ({"etag": "M2M=", "mtime": datetime(2026, 1, 2, tzinfo=UTC)}, "M2M=", 1767312000.0),  # Google
        ({"etag": '"0x24"', "last_modified": datetime(2026, 1, 2, tzinfo=UTC)}, '"0x24"', 1767312000.0),  # Azure
        ({"mtime": 12.5}, "12.5", 12.5),  # a disk
        ({}, "None", None),
    ],
)
def test_what_a_store_says_of_an_object_is_found_by_its_own_names(info, tag, modified):
    assert tag_and_time(info) == (tag, modified)
