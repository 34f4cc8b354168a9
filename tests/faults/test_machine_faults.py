"""Faults of the machine (disk, memory, limits) are never a file's: the run stops, and goes on after them."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from aemodels.io.files.hashing import sha256_file
from aemodels.io.las.writer import write_las
from aemodels.io.segy.writer import write_segy
from helpers.paths import TESTS
from helpers.processes import tree
from helpers.recordings import make_line, make_well
from helpers.servers import clean_environment, wait_for
from helpers.small_disk import needs_root, small_disk

POISON = str(TESTS / "helpers" / "poison")


@pytest.fixture
def inbox(tmp_path) -> Path:
    """Three good files, one of them packed."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        write_las(make_well(f"W-{number}", samples=2000, seed=number), folder / f"W-{number}.las")
    (folder / "W-1.las.gz").write_bytes(gzip.compress((folder / "W-1.las").read_bytes()))
    (folder / "W-1.las").unlink()
    return folder


def drain(inbox: Path, *prefix: str, out: str = "out", **more: str) -> tuple[int, dict]:
    """Score the inbox in a new process; exit code and answer."""
    home = inbox.parent / "home"
    environment = clean_environment(home, SONDEFLOW_SETTLE_SECONDS="0", SONDEFLOW_WORKERS="1", **more)
    command = [sys.executable, "-m", "flows", "score", str(inbox), "--out", str(inbox.parent / out), "--json"]
    done = subprocess.run(
        [*prefix, *command], env=environment, capture_output=True, text=True, check=False, timeout=500
    )
    return done.returncode, json.loads(done.stdout)


def assert_all_scored(inbox: Path, files: int, **more: str) -> None:
    code, answer = drain(inbox, **more)
    assert code == 0, answer
    assert (answer["scored"] + answer["skipped"], answer["quarantined"]) == (files, 0)
    assert not (inbox.parent / "out" / "quarantine").exists()
    assert len(list((inbox.parent / "out" / "scores").rglob("*.parquet"))) == files


@needs_root
def test_a_full_temporary_folder_stops_the_run(inbox, tmp_path):
    with small_disk(tmp_path / "tmp", "128k") as place:
        (place / "filler").write_bytes(bytes(60_000))
        code, answer = drain(inbox, TMPDIR=str(place))
        assert code == 1
        assert "No space left" in answer["error"]
        assert not (tmp_path / "out" / "quarantine").exists()
        subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
        assert_all_scored(inbox, 3, TMPDIR=str(place))


@pytest.mark.slow
def test_a_limit_of_file_sizes_stops_the_run(inbox):
    code, answer = drain(inbox, "prlimit", "--fsize=60000")
    assert (code, answer.get("quarantined", 0)) == (1, 0)
    assert "File too large" in answer["error"] or "disk I/O" in answer["error"]  # the ledger may meet it first
    assert_all_scored(inbox, 3)


def test_a_memory_limit_below_what_scoring_takes_stops_the_run(inbox):
    write_segy(make_line(traces=60, samples=200), inbox / "line.sgy")  # scored with TensorFlow, which takes more
    code, answer = drain(inbox, SONDEFLOW_MEMORY_MB="256", SONDEFLOW_MAX_ATTEMPTS="2")
    assert code == 1
    assert "SONDEFLOW_MEMORY_MB" in answer["error"]
    assert "no file is at fault" in answer["error"]
    assert_all_scored(inbox, 4)


@pytest.mark.slow
def test_a_time_limit_that_nothing_can_keep_leaves_all_files(inbox):
    code, answer = drain(inbox, SONDEFLOW_FILE_SECONDS="0.001", SONDEFLOW_MAX_ATTEMPTS="1")
    assert (code, answer["quarantined"], answer["left"]) == (1, 0, 3)
    assert {finding["code"] for outcome in answer["outcomes"] for finding in outcome["findings"]} == {"timed-out"}
    assert_all_scored(inbox, 3)


@needs_root
def test_a_bad_file_larger_than_the_room_in_quarantine_does_not_stop_the_others(inbox, tmp_path):
    (inbox / "A.las").write_bytes(b"Dear all,\n" * 60_000)
    with small_disk(tmp_path / "out" / "quarantine", "64k"):
        code, answer = drain(inbox)
        assert (code, answer["scored"], answer["quarantined"]) == (1, 3, 1)
        (reason,) = (tmp_path / "out" / "quarantine").glob("*/reason.json")
        told = json.loads(reason.read_text())
        assert told["source"] == str(inbox / "A.las")
        assert "No space left" in told["copy"]
        assert [path.name for path in reason.parent.iterdir()] == ["reason.json"]


def test_a_file_called_reason_json_keeps_its_content_in_quarantine(tmp_path):
    from aemodels.core.findings import Finding
    from tasks.scoring.places.quarantine import quarantine
    from tasks.scoring.places.staged import BundleLabel, Destination

    (tmp_path / "reason.json").write_text("not ours")
    finding = Finding("error", "empty", "file", "found", "expected", "remedy")
    goal = Destination(tmp_path / "out", BundleLabel("reader", ""))
    copy, reason = quarantine(
        goal, tmp_path / "reason.json", "reason.json", sha256_file(tmp_path / "reason.json"), (finding,)
    )
    assert copy.read_text() == "not ours"
    assert json.loads(reason.read_text())["source"] == "reason.json"


def test_what_a_killed_process_has_unpacked_is_removed_by_the_next(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "tmp").mkdir()
    well = tmp_path / "in" / "slow.las.gz"
    write_las(make_well("slow", samples=400), tmp_path / "slow.las")
    with gzip.open(well, "wb") as stream:
        stream.write((tmp_path / "slow.las").read_bytes() + b"\n" * 40_000_000)
    environment = clean_environment(tmp_path / "home", SONDEFLOW_SETTLE_SECONDS="0", TMPDIR=str(tmp_path / "tmp"))
    command = [sys.executable, "-m", "flows", "score", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--json"]

    def unpacked() -> list[Path]:
        return [path for path in (tmp_path / "tmp").rglob("slow.las") if path.stat().st_size > 2**20]

    for victim in ("child", "both"):
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            (path,) = _soon(unpacked)
            if victim == "child":
                for pid in tree(process.pid) - {process.pid}:
                    os.kill(pid, signal.SIGKILL)
                wait_for("its copy is removed while the run goes on", lambda copy=path: not copy.exists(), 60)
            process.kill()
            process.communicate()
        assert victim == "child" or path.exists()
    (tmp_path / "tmp" / "of-others").mkdir()
    assert drain_other(tmp_path, environment) == 0
    (root,) = (tmp_path / "tmp").glob("sondeflow-*")
    assert (list(root.iterdir()), root.stat().st_mode & 0o777) == ([], 0o700)
    assert (tmp_path / "tmp" / "of-others").exists()


def test_children_have_no_secrets_in_their_environment(tmp_path, monkeypatch):
    from tasks.scoring.start_worker import start_worker

    for name in (
        "SONDEFLOW_LEDGER_URL",
        "AWS_SECRET_ACCESS_KEY",
        "MLFLOW_TRACKING_PASSWORD",
        "PREFECT_API_AUTH_STRING",
    ):
        monkeypatch.setenv(name, "pl4nted")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    started = start_worker(1)
    try:
        seen = Path(f"/proc/{started.process.pid}/environ").read_bytes()
        wait_for("its environment", lambda: b"PYTHONPATH" in Path(f"/proc/{started.process.pid}/environ").read_bytes())
        seen = Path(f"/proc/{started.process.pid}/environ").read_bytes()
        assert b"pl4nted" not in seen
        assert f"TMPDIR={started.scratch.folder}".encode() in seen
    finally:
        started.process.kill()
        started.process.wait()
        started.scratch.remove()


def test_a_link_in_place_of_the_temporary_folder_is_refused(tmp_path, monkeypatch):
    from tasks.storage.scratch import scratch_root

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"sondeflow-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="TMPDIR"):
        scratch_root()


def drain_other(folder: Path, environment: dict[str, str]) -> int:
    """Score another file, so that the leftovers of earlier processes are removed."""
    (folder / "other").mkdir()
    write_las(make_well("other", samples=300), folder / "other" / "other.las")
    command = [sys.executable, "-m", "flows", "score", str(folder / "other" / "other.las"), "--json"]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


def _soon(condition, seconds: float = 90.0):
    """As `wait_for`, without pauses: what is looked for may be gone a moment later."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.005)
    raise AssertionError("not seen")


def test_an_inbox_in_the_outbox_does_not_feed_itself(inbox):
    assert drain(inbox)[0] == 0
    outputs = inbox.parent / "out" / "las"
    environment = clean_environment(inbox.parent / "home", SONDEFLOW_SETTLE_SECONDS="0")
    command = [sys.executable, "-m", "flows", "score", str(outputs), "--out", str(inbox.parent / "out"), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "choose another" in json.loads(done.stdout)["error"]) == (1, True)
    assert len(list(outputs.iterdir())) == 3


@pytest.mark.slow
def test_a_packed_file_that_a_raised_limit_allows_is_scored(inbox):
    text = (inbox / "W-0.las").read_bytes() + b"\n" * 70_000_000
    (inbox / "wide.las.gz").write_bytes(gzip.compress(text))
    code, answer = drain(inbox, SONDEFLOW_MAX_UNPACKED_RATIO="5000")
    assert (code, answer["scored"]) == (0, 4), answer


def test_a_ledger_that_is_no_database_is_named_in_one_line(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "ledger.db").write_text("Dear all,\n" * 1000)
    command = [sys.executable, "-m", "flows", "ledger", "--json"]
    environment = clean_environment(tmp_path / "home")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "not a database" in json.loads(done.stdout)["error"]
    assert "Traceback" not in done.stderr


def test_escapes_in_names_do_not_reach_the_terminal(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a\x1b[2Jb\x9b2J.las").write_text("Dear all,\n")
    environment = clean_environment(tmp_path / "home", SONDEFLOW_SETTLE_SECONDS="0")
    for command in (["check", str(tmp_path / "in")], ["score", str(tmp_path / "in"), "--out", str(tmp_path / "out")]):
        whole = [sys.executable, "-m", "flows", *command]
        done = subprocess.run(whole, env=environment, capture_output=True, check=False)
        shown = (done.stdout + done.stderr).decode()
        assert "\\x1b" in shown
        assert not {"\x1b", "\x9b"} & set(shown)


def test_a_content_that_is_known_from_another_outbox_is_not_skipped_silently(inbox):
    assert "elsewhere" not in drain(inbox)[1]
    assert "elsewhere" not in drain(inbox)[1]
    code, answer = drain(inbox, out="second")
    assert (code, answer["skipped"], answer["elsewhere"]) == (0, 3, 3)
