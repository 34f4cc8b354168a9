"""Publication in a bucket: scores last, finished results stay, unfinished ones are replaced; folders as ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from tasks.scoring.places.outbox import BucketOutbox, FolderOutbox, open_outbox
from tasks.scoring.places.staged import Staged

BASE = "memory://results/box"
NAMES = ("las/a.0.las", "reports/a.0.html", "scores/kind=logs/bundle=b-v1/0.parquet")


@pytest.fixture
def system() -> Iterator[fsspec.AbstractFileSystem]:
    memory = fsspec.filesystem("memory")
    yield memory
    if memory.exists("/results"):
        memory.rm("/results", recursive=True)


@pytest.fixture
def outbox(system, tmp_path: Path) -> BucketOutbox:
    place = open_outbox(f"{BASE}/", tmp_path / "own")
    assert isinstance(place, BucketOutbox)
    return place


def staged(outbox: BucketOutbox, content: str = "one") -> tuple[Staged, ...]:
    """Three outputs as a scoring process leaves them, located."""
    items = []
    for name in NAMES:
        path = outbox.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".w1.{path.name}.part")
        part.write_text(f"{content} {name}")
        items.append(Staged(str(part), str(path), hashlib.sha256(part.read_bytes()).hexdigest()))
    return outbox.located(items)


def there(system) -> dict[str, str]:
    return {name.removeprefix("/results/box/"): system.cat_file(name).decode() for name in system.find("/results")}


def test_outputs_get_their_addresses(outbox, system):
    items = staged(outbox)
    assert [item.target for item in items] == [f"{BASE}/{name}" for name in NAMES]
    assert outbox.publish([items], {}) == frozenset()
    assert there(system) == {name: f"one {name}" for name in NAMES}


def test_publishing_again_changes_nothing(outbox, system):
    outbox.publish([staged(outbox)], {})
    before = {name: system.info(f"/results/box/{name}")["created"] for name in NAMES}
    assert outbox.publish([staged(outbox)], {}) == frozenset()
    assert {name: system.info(f"/results/box/{name}")["created"] for name in NAMES} == before


def test_a_finished_result_stays(outbox, system):
    outbox.publish([staged(outbox)], {})
    taken = outbox.publish([staged(outbox, "other")], {})
    assert taken == {f"{BASE}/{name}" for name in NAMES[:2]}, "the scores are not even tried"
    assert there(system) == {name: f"one {name}" for name in NAMES}


def test_a_result_that_is_to_be_replaced_is_replaced(outbox, system):
    first = staged(outbox)
    outbox.publish([first], {})
    former = {item.target: item.sha256 for item in first}
    assert outbox.publish([staged(outbox, "retried")], former) == frozenset()
    assert there(system) == {name: f"retried {name}" for name in NAMES}


def test_what_has_no_scores_yet_is_replaced(outbox, system):
    system.pipe_file(f"/results/box/{NAMES[0]}", b"half")
    assert outbox.publish([staged(outbox)], {}) == frozenset()
    assert there(system)[NAMES[0]] == f"one {NAMES[0]}"


def test_scores_come_last_and_only_with_the_others(outbox, system, monkeypatch):
    create = type(outbox._store).create

    def failing(self, local, address, about, pieces=()):
        if address.endswith(".html"):
            raise OSError("no network")
        create(self, local, address, about)

    monkeypatch.setattr(type(outbox._store), "create", failing)
    with pytest.raises(OSError, match="no network"):
        outbox.publish([staged(outbox)], {})
    assert set(there(system)) <= {NAMES[0]}


def test_former_outputs_are_removed_if_they_are_as_they_were(outbox, system):
    items = staged(outbox)
    outbox.publish([items], {})
    system.pipe_file(f"/results/box/{NAMES[1]}", b"altered by somebody")
    system.pipe_file("/results/elsewhere", b"x")
    former = {item.target: item.sha256 for item in items}
    former["memory://results/elsewhere"] = hashlib.sha256(b"x").hexdigest()
    outbox.remove_former(former, [f"{BASE}/{NAMES[2]}"])
    assert set(there(system)) == {NAMES[1], NAMES[2], "/results/elsewhere"}


def test_a_quarantined_file_and_its_newest_reason(outbox, system):
    folder = outbox.folder / "quarantine" / "0"
    for reason in ("first", "second"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "bad.las").write_text("bad")
        (folder / "reason.json").write_text(reason)
        hashes = outbox.publish_quarantine([folder / "bad.las", folder / "reason.json"])
        assert list(hashes) == [f"{BASE}/quarantine/0/bad.las", f"{BASE}/quarantine/0/reason.json"]
        assert hashes[f"{BASE}/quarantine/0/reason.json"] == hashlib.sha256(reason.encode()).hexdigest()
        assert not list(folder.iterdir())
    assert there(system) == {"quarantine/0/bad.las": "bad", "quarantine/0/reason.json": "second"}


@pytest.mark.parametrize("kind", ["bucket", "folder"])
def test_contents_that_are_there(kind, outbox, tmp_path):
    place = outbox if kind == "bucket" else FolderOutbox(tmp_path / "folder")
    items = staged(outbox) if kind == "bucket" else _in_folder(tmp_path / "folder", staged(outbox))
    place.publish([items], {})
    assert place.contents(["0", "1"]) == {"0"}


def _in_folder(folder: Path, items: tuple[Staged, ...]) -> list[Staged]:
    moved = [Staged(item.temporary, item.target.replace(BASE, str(folder)), item.sha256) for item in items]
    for item in moved:
        Path(item.target).parent.mkdir(parents=True)
    return moved
