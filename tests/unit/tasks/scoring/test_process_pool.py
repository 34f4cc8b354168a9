"""Worker processes: supervised, replaced, and ended with their parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from aemodels.io.files.hashing import sha256_file
from helpers.cheap_bundle import fill, save_cheap_bundle
from helpers.frame_files import DlisFrame, dlis_bytes
from helpers.paths import ROOT, TESTS
from helpers.processes import tree
from tasks.ingest.check import ANSWER as CHECK
from tasks.scoring.choose_bundle import open_scorer
from tasks.scoring.file import score_job
from tasks.scoring.process_pool import ProcessPool, WorkerProcess, WorkerProcessError, WorkerStartError, limits_for
from tasks.scoring.request import Job
from tasks.settings import Settings

POISON = str(TESTS / "helpers" / "poison")
LIMITS = limits_for(2, seconds=120.0, memory_mb=2048, tries=2)


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    return open_scorer(str(save_cheap_bundle(tmp_path_factory.mktemp("b") / "cheap")), Settings())


@pytest.fixture
def jobs(scorer, tmp_path):
    paths = fill(tmp_path / "in", 3)
    return [
        Job(
            path=str(path),
            source=str(path),
            sha256=sha256_file(path),
            scorer=scorer,
            outbox=str(tmp_path / "out"),
            temp_prefix=f"w1-{n}",
        )
        for n, path in enumerate(paths)
    ]


@pytest.fixture
def child():
    made = WorkerProcess(LIMITS)
    made.await_ready()
    yield made
    made.stop()


def test_a_worker_process_gives_the_same_scores_as_this_process(child, jobs):
    theirs, ours = child.score(jobs[0]), score_job(jobs[0])
    assert theirs.status == ours.status == "scored"
    assert (theirs.rows, theirs.flagged) == (ours.rows, ours.flagged) == (120, ours.flagged)
    assert [item.target for item in theirs.staged] == [item.target for item in ours.staged]


def test_a_killed_worker_process_is_reported(child, jobs):
    child.score(jobs[0])
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(WorkerProcessError, match="SIGKILL") as lost:
        child.score(jobs[1])
    assert lost.value.code == "reader-crashed"


def test_a_worker_process_that_does_not_start_is_an_error_of_its_own(jobs, tmp_path, monkeypatch):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text("import os; os._exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    with pytest.raises(WorkerStartError, match="status 3"):
        next(ProcessPool(LIMITS).score_all(jobs))


def test_a_file_that_crashes_its_worker_process_does_not_affect_the_others(jobs, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", POISON)
    poison = tmp_path / "in" / "p.crash"
    poison.write_text("poison")
    crashing = jobs[0].model_copy(update={"path": str(poison), "source": str(poison), "sha256": sha256_file(poison)})
    pool = ProcessPool(LIMITS)
    try:
        results = [result for _, result in pool.score_all([jobs[0], crashing, *jobs[1:]])]
    finally:
        pool.shutdown()
    assert [result.status for result in results] == ["scored", "crashed", "scored", "scored"]
    assert results[1].findings[0].code == "reader-crashed"
    assert "SIGSEGV" in results[1].findings[0].found


def test_a_worker_process_ends_with_its_parent_even_in_an_endless_loop(tmp_path):
    poison = tmp_path / "p.loop"
    poison.write_text("poison")
    code = (
        "from tasks.scoring.process_pool import *\n"
        "child = WorkerProcess(limits_for(1, seconds=60, memory_mb=None, tries=1))\n"
        "child.await_ready(); print(child.pid, flush=True)\n"
        f"child.score(Job(path={str(poison)!r}, source='p', sha256='0' * 64, scorer=None, outbox='/nowhere'))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([POISON, str(ROOT)])}
    parent = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    time.sleep(0.5)
    parent.kill()
    parent.wait()
    until = time.monotonic() + 30
    while _runs(pid):
        assert time.monotonic() < until, "the child still runs"
        time.sleep(0.05)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def test_memory_that_a_reader_takes_in_a_process_of_its_own_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", POISON)
    poison = tmp_path / "p.childhog"
    poison.write_text("poison")
    pool = ProcessPool(limits_for(1, seconds=120.0, memory_mb=1000, tries=1), answer=CHECK)
    try:
        with pytest.raises(WorkerProcessError, match="1000 MiB") as lost:
            pool.ask(json.dumps({"path": str(poison), "settings": {"home": str(tmp_path)}}))
    finally:
        pool.shutdown()
    assert lost.value.code == "out-of-memory"


def test_the_process_that_decodes_a_file_ends_with_the_one_that_reads_it(tmp_path):
    (tmp_path / "a.dlis").write_bytes(dlis_bytes(("A-1", [DlisFrame({"DEPT": (np.arange(9.0), "m")})])))
    code = (
        "import sys, time; from pathlib import Path; from aemodels.io.frames.open_file import open_frames\n"
        "with open_frames(Path(sys.argv[1]), 'DLIS'):\n    print('open', flush=True); time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.dlis")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        (decoder,) = tree(reader.pid) - {reader.pid}
        os.kill(decoder, signal.SIGSTOP)  # as one whose library never ends
        reader.kill()
    deadline = time.monotonic() + 20
    while _is_alive(decoder):
        assert time.monotonic() < deadline, "it outlives the process that reads"
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
