"""Arrivals: what is complete, what is still growing, and which content a file is."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io.files.hashing import sha256_file
from aemodels.io.files.regular import pinned_file
from aemodels.io.files.size_limits import SizeLimits
from tasks.ledger import observations, open_ledger
from tasks.scoring import arrivals as module
from tasks.scoring.arrivals import (
    arrived_since,
    identify,
    identify_supervised,
    recheck,
    save_hashes,
    split_complete,
)
from tasks.scoring.places import inbox as inbox_module
from tasks.scoring.places.inbox import Arrival, list_inbox
from tasks.scoring.places.staged import ChangedError
from tasks.scoring.process_pool import ProcessPool, WorkerProcessError, limits_for


@pytest.fixture
def ledger(tmp_path):
    return open_ledger(f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def _names(found):
    return [arrival.path.rpartition("/")[2] for arrival in found]


def _old(path, seconds=1e6):
    os.utime(path, (time.time() - seconds, time.time() - seconds))
    return path


def test_nested_files_are_found_and_unfinished_ones_are_not(inbox, tmp_path):
    (inbox / "a" / "b").mkdir(parents=True)
    (inbox / "a" / "b" / "w.las").write_text("x")
    for name in ("w.las.part", "w.tmp", "w.las.partial", "w.crdownload", "w.las.filepart", ".w.las", "w.las~"):
        (inbox / name).write_text("x")
    assert _names(list_inbox(str(inbox), tmp_path / "out").arrivals) == ["w.las"]
    assert _names(list_inbox(f"file://{inbox}", tmp_path / "out").arrivals) == ["w.las"]


def test_outputs_inside_the_inbox_have_not_arrived(inbox):
    (inbox / "las").mkdir()
    (inbox / "las" / "w.1.las").write_text("x")
    (inbox / "w.las").write_text("x")
    assert _names(list_inbox(str(inbox), inbox).arrivals) == ["w.las"]
    assert _names(list_inbox(str(inbox / "las"), inbox).arrivals) == ["w.1.las"], "unless they are what was asked for"


def test_an_inbox_inside_the_outbox_is_looked_at(inbox, tmp_path):
    (inbox / "w.las").write_text("x")
    assert _names(list_inbox(str(inbox), tmp_path).arrivals) == ["w.las"]


def test_thousands_of_files_and_none(inbox, tmp_path, ledger):
    assert list_inbox(str(inbox), tmp_path / "out").arrivals == ()
    for number in range(3000):
        (inbox / f"{number}.las").touch()
    found = list_inbox(str(inbox), tmp_path / "out").arrivals
    complete, unsettled = split_complete(ledger, found, 0.0)
    assert (len(complete), len(unsettled)) == (3000, 0)
    assert len(split_complete(ledger, found, 60.0)[1]) == 3000, "seen before, but not for long enough"


def test_old_files_are_complete_and_recent_ones_are_not(inbox, tmp_path, ledger):
    _old_text(inbox / "old.las", "x")
    (inbox / "unsettled.las").write_text("x")
    later = time.time() + 1e6
    (inbox / "ahead.las").write_text("x")
    os.utime(inbox / "ahead.las", (later, later))
    complete, unsettled = split_complete(ledger, list_inbox(str(inbox), tmp_path / "out").arrivals, 60.0)
    assert (_names(complete), _names(unsettled)) == (["old.las"], ["ahead.las", "unsettled.las"])


def test_a_file_unchanged_since_an_earlier_run_is_complete(inbox, tmp_path, ledger, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(observations.time, "monotonic", lambda: clock[0])
    path = inbox / "w.las"
    path.write_text("x")
    assert _names(split_complete(ledger, list_inbox(str(inbox), tmp_path).arrivals, 60.0)[1]) == ["w.las"]
    clock[0] += 59
    assert _names(split_complete(ledger, list_inbox(str(inbox), tmp_path).arrivals, 60.0)[1]) == ["w.las"]
    clock[0] += 2
    assert _names(split_complete(ledger, list_inbox(str(inbox), tmp_path).arrivals, 60.0)[0]) == ["w.las"]
    path.write_text("xy")
    assert _names(split_complete(ledger, list_inbox(str(inbox), tmp_path).arrivals, 60.0)[1]) == ["w.las"], "it grew"


def test_the_second_look_parts_what_stands_still_from_what_grows_and_what_is_gone(inbox, tmp_path, monkeypatch):
    for name in ("still.las", "grows.las", "gone.las"):
        (inbox / name).write_text("x")
    found = list_inbox(str(inbox), tmp_path / "out").arrivals

    def meanwhile(_):
        (inbox / "grows.las").write_text("xy")
        (inbox / "gone.las").unlink()

    monkeypatch.setattr(module.time, "sleep", meanwhile)
    complete, unsettled = recheck(found, 1.0)
    assert (_names(complete), _names(unsettled)) == (["still.las"], ["grows.las"])


def test_a_long_settling_time_is_not_waited_for(inbox, tmp_path):
    (inbox / "w.las").write_text("x")
    found = list_inbox(str(inbox), tmp_path / "out").arrivals
    complete, unsettled = recheck(found, 3600.0)
    assert (complete, _names(unsettled)) == ([], ["w.las"])


def test_a_content_is_hashed_once(inbox, tmp_path, ledger, monkeypatch):
    path = _old_text(inbox / "w.las", "abc")
    (found,) = split_complete(ledger, list_inbox(str(inbox), tmp_path).arrivals, 60.0)[0]
    known = identify(found, tmp_path / "copies", str(inbox))
    assert (known.sha256, known.local) == (sha256_file(path), path)
    save_hashes(ledger, [known])
    monkeypatch.setattr(inbox_module, "_digest", lambda _: pytest.fail("hashed again"))
    (again,) = split_complete(ledger, list_inbox(str(inbox), tmp_path).arrivals, 60.0)[0]
    assert identify(again, tmp_path / "copies", str(inbox)).sha256 == known.sha256
    monkeypatch.undo()
    _old_text(path, "abcd")
    (changed,) = split_complete(ledger, list_inbox(str(inbox), tmp_path).arrivals, 60.0)[0]
    assert changed.sha256 == ""


@pytest.mark.parametrize("meanwhile", ["grows", "vanishes"])
def test_a_file_that_changes_before_it_is_hashed_is_left(inbox, tmp_path, meanwhile):
    path = inbox / "w.las"
    path.write_text("abc")
    (found,) = list_inbox(str(inbox), tmp_path / "out").arrivals
    if meanwhile == "grows":
        path.write_text("abcd")
    else:
        path.unlink()
    with pytest.raises(ChangedError):
        identify(found, tmp_path / "copies", str(inbox))


def test_a_url_is_fetched_and_noticed_when_it_changes(tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/box/w.las", b"abc")
    try:
        (found,) = list_inbox("memory://box", tmp_path).arrivals
        local = identify(found, tmp_path / "copies", "memory://box").local
        assert local.read_bytes() == b"abc"
        memory.pipe("/box/w.las", b"abcd")
        with pytest.raises(ChangedError):
            identify(found, tmp_path / "copies2", "memory://box")
    finally:
        memory.rm("/box", recursive=True)
    assert list_inbox("gopher://box", tmp_path).problems[0][1].code == "unknown-scheme"


def test_a_file_arrived_when_the_ledger_saw_it_first_else_when_it_was_changed():
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    arrival = Arrival("w.las", "1", modified=(now - hour).timestamp())
    assert arrived_since(arrival, now - 2 * hour)
    assert not arrived_since(arrival, now)
    seen = Arrival("w.las", "1", modified=0.0, first_seen=now.isoformat())
    assert arrived_since(seen, now - hour)
    assert arrived_since(seen, (datetime.now() - hour).replace(tzinfo=None)), "without a zone: local time"


def _old_text(path, text):
    path.write_text(text)
    return _old(path, 1e6 + len(text))


@pytest.mark.parametrize("swapped", ["file", "folder"])
def test_a_name_that_leads_out_of_the_inbox_by_now_is_refused(inbox, tmp_path, swapped):
    (inbox / "sub").mkdir()
    (inbox / "sub" / "w.las").write_text("abc")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "w.las").write_text("secret")
    (found,) = list_inbox(str(inbox), tmp_path / "out").arrivals
    if swapped == "file":
        (inbox / "sub" / "w.las").unlink()
        (inbox / "sub" / "w.las").symlink_to(tmp_path / "secret" / "w.las")
    else:
        (inbox / "sub").rename(tmp_path / "moved")
        (inbox / "sub").symlink_to(tmp_path / "secret")
    # as if it had been swapped between the check of the link and the look at the file
    (listed,) = list_inbox(str(tmp_path / "secret" / "w.las"), tmp_path / "out").arrivals
    for arrival in (found, replace(listed, path=found.path)):
        with pytest.raises(UnreadableFileError, match="outside of the inbox"):
            identify(arrival, tmp_path / "copies", str(inbox))


def test_a_folder_that_is_swapped_while_its_file_is_hashed_gives_no_other_content(inbox, tmp_path, monkeypatch):
    (inbox / "sub").mkdir()
    (inbox / "sub" / "w.las").write_text("abc")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "w.las").write_text("secret")
    (found,) = list_inbox(str(inbox), tmp_path / "out").arrivals
    original, stamp_now = inbox_module._opened_copy, inbox_module.FolderInbox.stamp

    def swap(*arguments: object) -> Path:  # right after the opened file was checked
        (inbox / "sub").rename(tmp_path / "moved")
        (inbox / "sub").symlink_to(tmp_path / "secret")
        return original(*arguments)

    def swap_back(place: inbox_module.FolderInbox, arrival: Arrival) -> str:  # right before the stamp is compared
        (inbox / "sub").unlink()
        (tmp_path / "moved").rename(inbox / "sub")
        return stamp_now(place, arrival)

    monkeypatch.setattr(inbox_module, "_opened_copy", swap)
    monkeypatch.setattr(inbox_module.FolderInbox, "stamp", swap_back)
    assert identify(found, tmp_path / "copies", str(inbox)).sha256 == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("name", ["w.las", "a\nb \x1b[31m.las", "x" * 240 + ".las"])
def test_a_pinned_file_is_the_one_that_was_opened_whatever_its_name_leads_to(inbox, tmp_path, name):
    (inbox / "sub").mkdir()
    path = inbox / "sub" / name
    path.write_text("abc")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / name).write_text("secret")
    with pinned_file(path) as pinned:
        assert pinned.name == name
        (inbox / "sub").rename(tmp_path / "moved")
        (inbox / "sub").symlink_to(tmp_path / "secret")
        assert path.read_text() == "secret"
        assert pinned.read_text() == "abc"
        assert subprocess.run(["cat", str(pinned)], capture_output=True, text=True, check=True).stdout == "abc"
    assert not pinned.exists()


def test_a_file_that_is_appended_to_for_ever_ends(inbox, tmp_path):
    path = inbox / "w.las"
    path.write_bytes(b"x" * 2**20)
    (found,) = list_inbox(str(inbox), tmp_path / "out").arrivals
    with path.open("rb") as stream, path.open("ab") as growing:
        before = inbox_module._digest(stream)
        growing.write(b"y" * 2**20)
        growing.flush()
        stream.seek(0)
        assert before == hashlib.sha256(b"x" * 2**20).hexdigest() != inbox_module._digest(stream)
    with pytest.raises(ChangedError):
        identify(found, tmp_path / "copies", str(inbox))


def test_a_link_within_the_inbox_is_taken(inbox, tmp_path):
    (inbox / "real.las").write_text("abc")
    (inbox / "link.las").symlink_to(inbox / "real.las")
    found = list_inbox(str(inbox), tmp_path / "out").arrivals
    assert {identify(arrival, tmp_path / "copies", str(inbox)).local.name for arrival in found} == {
        "link.las",
        "real.las",
    }


def test_a_file_that_is_swapped_for_a_pipe_is_not_waited_for(inbox, tmp_path):
    path = inbox / "w.las"
    path.write_text("abc")
    (found,) = list_inbox(str(inbox), tmp_path / "out").arrivals
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="pipe"):
        identify(found, tmp_path / "copies", str(inbox))
    with pytest.raises(OSError, match="pipe"):
        sha256_file(path)


def test_a_file_above_the_limit_is_not_read(inbox, tmp_path):
    with (inbox / "huge.sgy").open("wb") as stream:
        stream.truncate(2**40)  # 1 TiB of nothing, which would take an hour to hash
    (found,) = list_inbox(str(inbox), tmp_path / "out").arrivals
    with pytest.raises(UnreadableFileError, match="too-large"):
        identify(found, tmp_path / "copies", str(inbox))


def test_a_file_that_is_swapped_before_its_quarantine_is_not_copied(tmp_path):
    from aemodels.core.findings import Finding
    from tasks.scoring.places.quarantine import quarantine
    from tasks.scoring.places.staged import BundleLabel, Destination

    path = tmp_path / "w.las"
    path.write_text("abc")
    sha256 = sha256_file(path)
    (tmp_path / "secret").write_text("secret")
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    finding = Finding("error", "empty", "file", "found", "expected", "remedy")
    with pytest.raises(ChangedError):
        quarantine(Destination(tmp_path / "out", BundleLabel("reader", "")), path, "w.las", sha256, (finding,))
    assert [found for found in (tmp_path / "out").rglob("*") if found.is_file()] == []


def test_files_are_identified_in_a_worker_process_as_in_this_one(inbox, tmp_path):
    limits = limits_for(1, seconds=60.0, memory_mb=2048, tries=1)
    for name in ("good.las", "large.las", "pipe.las", "link.las", "changed.las", os.fsdecode(b"\xff.las")):
        (inbox / name).write_text("abc" * (400 if name == "large.las" else 1))
    found = {Path(one.path).name: one for one in list_inbox(str(inbox), tmp_path / "out").arrivals}
    (inbox / "pipe.las").unlink()
    os.mkfifo(inbox / "pipe.las")
    (inbox / "link.las").unlink()
    (inbox / "link.las").symlink_to("/etc/hostname")
    (inbox / "changed.las").write_text("more of it")
    pool = ProcessPool(limits)

    def look(name: str) -> object:
        sizes = SizeLimits(stored=1000)
        try:
            return identify_supervised(pool.ask, found[name], tmp_path / "copies", str(inbox), sizes).sha256
        except (ChangedError, UnreadableFileError, OSError) as error:
            return str(error)

    try:
        assert look("good.las") == look(os.fsdecode(b"\xff.las")) == sha256_file(inbox / "good.las")
        assert "too-large" in look("large.las")
        assert "pipe" in look("pipe.las")
        assert "outside of the inbox" in look("link.las")
        assert "changed since it was listed" in look("changed.las")
    finally:
        pool.shutdown()


def test_a_disk_that_hangs_keeps_neither_the_run_nor_its_signals(inbox, tmp_path):
    (inbox / "w.las").write_text("abc")
    (found,) = list_inbox(str(inbox), tmp_path / "out").arrivals
    pool = ProcessPool(limits_for(1, seconds=2.0, memory_mb=2048, tries=1))
    (worker,) = [pool._acquire()]
    os.kill(worker.pid, signal.SIGSTOP)  # as a process that waits for a disk that does not answer
    pool._idle.append(worker)
    began = time.monotonic()
    with pytest.raises(WorkerProcessError, match="no result"):
        identify_supervised(pool.ask, found, tmp_path / "copies", str(inbox), SizeLimits())
    assert time.monotonic() - began < 20
    pool.shutdown()
