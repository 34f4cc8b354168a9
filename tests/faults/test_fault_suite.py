"""Whatever is killed, filled up, stopped or poisoned: each file is published once, or quarantined with a reason."""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from aemodels.io.las.writer import write_las
from helpers.fault_fixtures import judge, snapshot
from helpers.paths import TESTS
from helpers.recordings import make_well
from helpers.small_disk import needs_root, small_disk
from tasks.ledger.store import look_up, open_ledger

pytest_plugins = ("helpers.fault_fixtures",)

POISON = str(TESTS / "helpers" / "poison")
# What does not touch the ledger's own business is quick on one kind of ledger, and slow on the other one too.
ON_POSTGRES_WHEN_SLOW = pytest.mark.parametrize(
    "site", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
# What does: PostgreSQL is the harder case.
ON_SQLITE_WHEN_SLOW = pytest.mark.parametrize(
    "site", [pytest.param("sqlite", marks=pytest.mark.slow), "postgresql"], indirect=True
)


@ON_SQLITE_WHEN_SLOW
@pytest.mark.parametrize(("kills", "files"), [(4, 12), pytest.param(100, 200, marks=pytest.mark.slow)])
@pytest.mark.timeout(7200)
def test_killed_at_random_moments(site, filled, reference, kills, files):
    rng = random.Random(20)
    filled(site, files // kills)
    site.drain()  # how long a run takes here and now
    started = time.monotonic()
    site.drain()
    empty_run = time.monotonic() - started
    for turn in range(1, kills):
        filled(site, files // kills, first=turn * (files // kills))
        process = site.start()
        process.join(rng.uniform(0.2, 2.0) * empty_run + rng.uniform(0.0, 2.0))
        process.kill()
        process.join()
    before = filled(site, files - kills * (files // kills), first=files)
    assert site.drain() == 0
    judge(site, f"kill -9, {kills} times", before, reference(site))


@ON_SQLITE_WHEN_SLOW
@pytest.mark.parametrize(("scorers", "files"), [(2, 12), pytest.param(4, 200, marks=pytest.mark.slow)])
@pytest.mark.timeout(1800)
def test_several_scorers_at_once(site, filled, reference, scorers, files):
    before = filled(site, files)
    processes = [site.start(SONDEFLOW_BATCH="2") for _ in range(scorers)]
    for process in processes:
        process.join(600)
        assert process.exitcode == 0
    judge(site, f"{scorers} scorers at once", before, reference(site))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_several_scorers_killed_in_turn(site, filled, reference):
    before = filled(site, 100)
    rng = random.Random(7)
    for _ in range(8):
        processes = [site.start(SONDEFLOW_BATCH="2") for _ in range(2)]
        processes[0].join(rng.uniform(1.0, 6.0))
        for process in processes:
            process.kill()
            process.join()
    assert site.drain() == 0
    judge(site, "2 scorers, both killed, 8 times", before, reference(site))


@ON_POSTGRES_WHEN_SLOW
@pytest.mark.parametrize("files", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_the_scoring_children_are_killed(site, filled, reference, files):
    before = filled(site, files)
    process = site.start()
    killed = 0
    while process.exitcode is None:
        process.join(0.7)
        for child in _children(process.pid):
            if "worker_process" in child[1] and site.states()["published"]:
                os.kill(child[0], 9)
                killed += 1
                break
        if killed == 3:
            break
    process.join(600)
    assert process.exitcode == 0
    assert site.drain() == 0
    judge(site, f"{killed} children killed", before, reference(site))


@pytest.mark.parametrize("files", [pytest.param(60, marks=pytest.mark.slow)])
def test_the_prefect_server_is_killed_and_comes_back(site, filled, reference, prefect, files):
    before = filled(site, files)
    process = site.start()
    site.wait_for("published")
    prefect.kill()
    process.join(5)
    prefect.start()
    process.join(600)
    assert process.exitcode is not None
    assert site.drain() == 0
    judge(site, "Prefect's server killed", before, reference(site))


def test_a_connection_that_is_lost_when_it_is_given_back_is_opened_again(postgres):
    """What a driver then reports reaches SQLAlchemy's caller as it is."""
    url = postgres.new_database("given_back")
    ledger, other, seen = open_ledger(url), create_engine(url), []

    def work(connection) -> int:
        seen.append(connection.scalar(text("select pg_backend_pid()")))
        if len(seen) == 1:
            with other.begin() as admin:
                admin.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": seen[0]})
        return len(seen)

    assert look_up(ledger, work) == 2
    other.dispose()


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
@pytest.mark.parametrize("files", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_postgres_is_killed_and_comes_back(site, filled, reference, files, request):
    postgres = request.getfixturevalue("postgres")
    before = filled(site, files)
    process = site.start(SONDEFLOW_BATCH="2")
    site.wait_for("published")
    postgres.kill()
    time.sleep(2)
    postgres.start()
    process.join(600)
    assert process.exitcode == 0, "the run waits for its ledger and goes on"
    judge(site, "PostgreSQL killed", before, reference(site))


@ON_POSTGRES_WHEN_SLOW
@needs_root
def test_the_disk_is_full(site, filled, reference):
    before = filled(site, 12)
    with small_disk(site.outbox, "256k"):
        assert site.drain() != 0, "a run that cannot publish has failed"
        done = site.states()["published"]
        assert done < 12
        assert not list(site.outbox.rglob("*.part"))
        subprocess.run(["mount", "-o", "remount,size=64m", str(site.outbox)], check=True)
        assert site.drain() == 0
        judge(site, f"disk full after {done} files", before, reference(site))


@pytest.mark.slow
@needs_root
def test_the_outbox_is_read_only(site, filled, reference):
    before = filled(site, 6)
    with small_disk(site.outbox, "64m"):
        subprocess.run(["mount", "-o", "remount,ro", str(site.outbox)], check=True)
        assert site.drain() != 0
        assert site.states()["quarantined"] + site.states()["published"] == 0
        subprocess.run(["mount", "-o", "remount,rw", str(site.outbox)], check=True)
        assert site.drain() == 0
        judge(site, "outbox read-only", before, reference(site))


@pytest.mark.slow
def test_the_clock_steps(site, filled, reference):
    before = filled(site, 12)
    both = [site.start(SONDEFLOW_BATCH="2", SONDEFLOW_LEASE_SECONDS="5", clock_steps=True) for _ in range(2)]
    for process in both:
        process.join(600)
        assert process.exitcode == 0
    assert site.drain(clock_steps=True) == 0
    judge(site, "clock steps by days, 2 scorers", before, reference(site))


@pytest.mark.slow
@ON_POSTGRES_WHEN_SLOW
def test_a_file_grows_while_it_is_watched(site, filled, reference):
    filled(site, 2)
    growing = site.inbox / "growing.las"
    # as long as growing it takes many times longer than a run, on a busy machine too
    write_las(make_well("growing", samples=8000, curves=("GR", "RHOB")), site.folder / "whole.las")
    lines = (site.folder / "whole.las").read_text().splitlines(keepends=True)
    growing.write_text("".join(lines[:30]))
    stop = threading.Event()

    def grow() -> None:
        for line in lines[30:]:
            with growing.open("a") as stream:
                stream.write(line)
            if stop.wait(0.05):
                break

    writer = threading.Thread(target=grow)
    writer.start()
    assert site.drain(SONDEFLOW_SETTLE_SECONDS="1.5") == 0
    assert writer.is_alive(), "the file must still grow when the run ends, or the test shows nothing"
    assert site.states()["published"] == 2
    stop.set()
    writer.join()
    growing.write_text("".join(lines))
    before = snapshot(site.inbox)
    assert site.drain(SONDEFLOW_SETTLE_SECONDS="1.5") == 0
    judge(site, "a file grows", before, reference(site))


@ON_POSTGRES_WHEN_SLOW
@pytest.mark.timeout(1800)
def test_poison_is_isolated(site, filled):
    from tasks.ledger import entries, open_ledger

    filled(site, 6)
    for suffix in ("loop", "hog", "crash"):
        (site.inbox / f"poison.{suffix}").write_text(f"poison: {suffix}\n")
    before = snapshot(site.inbox)
    path = os.pathsep.join([POISON, os.environ.get("PYTHONPATH", "")])
    limits = {"SONDEFLOW_FILE_SECONDS": "10", "SONDEFLOW_MEMORY_MB": "1024", "SONDEFLOW_MAX_ATTEMPTS": "2"}
    assert site.drain(PYTHONPATH=path, **limits) == 0
    row = judge(site, "poison: loop, memory, crash", before, None)
    assert (row["published"], row["quarantined"]) == (6, 3)
    reasons = {Path(entry.source).suffix: entry.reason for entry in entries(open_ledger(site.ledger_url))}
    assert "[timed-out]" in reasons[".loop"]
    assert "[out-of-memory]" in reasons[".hog"]
    assert "[reader-crashed]" in reasons[".crash"]
    assert "SIGSEGV" in reasons[".crash"]


def _children(pid: int) -> list[tuple[int, str]]:
    """Return (id, command line) of a process's children."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "stat").read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append((int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
        except OSError:
            continue  # ended meanwhile
    return found
