"""Inbox and outbox in stores other than S3, through their fsspec libraries and servers on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import pytest

from aemodels.io.remote import describe_remote, list_remote
from helpers.cheap_bundle import fill, save_cheap_bundle
from helpers.other_stores import azure_server, gcs_server
from tasks.scoring.inbox import score_inbox
from tasks.scoring.request import ScoreRequest, ScoreSummary
from tasks.settings import Settings
from tasks.storage.objects import ChangedObjectError, open_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

WELLS, MANY = 3, 1100  # objects; gcsfs asks for 1,000 per page


@dataclass(frozen=True)
class Place:
    """A store: the address of its bucket, and its file system."""

    base: str
    system: Any


@pytest.fixture(scope="module", params=["gs", "abfs"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A bucket with wells in `in`, and, in that of Google, many objects in `many`."""
    data = tmp_path_factory.mktemp("data")
    fill(data / "field" / "in", WELLS)
    if request.param == "gs":
        (data / "field" / "many").mkdir()
        for number in range(MANY):
            (data / "field" / "many" / f"{number:05d}.las").write_bytes(b"1")
    server = gcs_server(data) if request.param == "gs" else azure_server(tmp_path_factory.mktemp("azure"))
    with server as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        system = fsspec.filesystem(request.param, skip_instance_cache=True)
        if request.param == "abfs":
            system.mkdir("field")
            system.put(str(data / "field" / "in"), "field/in", recursive=True)
        yield Place(f"{request.param}://field", system)
        type(system).clear_instance_cache()


def _score(inbox: str, outbox: str, home: Path, bundle: Path) -> ScoreSummary:
    settings = Settings(home=home, settle_seconds=0, workers=1)
    return score_inbox(ScoreRequest(inbox=inbox, outbox=outbox, bundle=str(bundle)).filled(settings), settings)


def test_wells_are_scored_from_bucket_to_bucket_as_from_folder_to_folder(place, tmp_path):
    save_cheap_bundle(tmp_path / "bundle")
    fill(tmp_path / "in", WELLS)
    local = _score(str(tmp_path / "in"), str(tmp_path / "out"), tmp_path / "home-local", tmp_path / "bundle")
    remote = _score(f"{place.base}/in", f"{place.base}/out", tmp_path / "home", tmp_path / "bundle")
    assert (local.scored, remote.scored) == (WELLS, WELLS)
    files = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*.*")}
    found = {name.removeprefix("field/out/"): place.system.cat_file(name) for name in place.system.find("field/out")}
    assert sorted(found) == sorted(name for name, path in files.items() if path.is_file())
    for name, content in found.items():
        assert name.endswith(".parquet") or content == files[name].read_bytes(), f"{name} differs"
    assert _score(f"{place.base}/in", f"{place.base}/out", tmp_path / "home", tmp_path / "bundle").new == 0
    # another ledger: what is there already is of the same content, and stays
    before = {name: place.system.info(name)["etag"] for name in place.system.find("field/out")}
    again = _score(f"{place.base}/in", f"{place.base}/out", tmp_path / "home-2", tmp_path / "bundle")
    assert again.scored == WELLS
    place.system.invalidate_cache()
    assert {name: place.system.info(name)["etag"] for name in place.system.find("field/out")} == before


def test_a_finished_object_is_not_overwritten_and_a_changed_one_not_replaced(place, tmp_path):
    store, address = open_store(place.base), f"{place.base}/own/a.las"
    about = {"sha256": "", "result": ""}
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"one")
    two.write_bytes(b"two")
    store.create(one, address, about)
    with pytest.raises(FileExistsError):
        store.create(two, address, about)
    seen = store.find(address)
    assert seen is not None and store.digest(seen) and seen.modified is not None
    store.replace(two, seen, about)
    with pytest.raises(ChangedObjectError):
        store.replace(one, seen, about)
    assert place.system.cat_file("field/own/a.las") == b"two"
    store.delete(address)
    assert store.find(address) is None


def test_an_object_that_is_written_again_has_another_tag(place):
    """Same size: by its tag alone the inbox sees that a file has changed since it was listed."""
    address = f"{place.base}/changing/a.las"
    place.system.pipe_file("field/changing/a.las", b"one")
    (listed,) = list_remote(f"{place.base}/changing")
    assert listed == describe_remote(address)
    place.system.pipe_file("field/changing/a.las", b"two")
    again = describe_remote(address)
    assert again is not None and again.tag != listed.tag and again.modified


def test_listings_have_all_pages(place):
    if place.base != "gs://field":
        pytest.skip("a page of Azure has 5,000 objects, which take too long to write")
    assert len(list(open_store(place.base).list("gs://field/many"))) == MANY
    assert len(list_remote("gs://field/many")) == MANY
