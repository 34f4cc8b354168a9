"""kill -9 in the middle of a training or a search: the same command goes on, and ends where it would have ended."""

from __future__ import annotations

import copy
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from aemodels.core.errors import DataError
from aemodels.denoisers.training.checkpoint import Checkpoint
from aemodels.io.las.writer import write_las
from helpers.recordings import make_well
from helpers.tiny_specs import LOGS
from helpers.tracked import ROOT, environment_of, run
from tasks.settings import Settings
from tasks.tracking import connect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
EPOCHS = 30
TRAINING = {"epochs": EPOCHS, "patience": EPOCHS, "batch": 32, "stride": 4, "deterministic": True}
SWEEP = {
    "contender": "dense",
    "trials": 3,
    "parameters": {"training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}, "latent": {"choices": [5, 10]}},
}


@pytest.fixture(scope="module")
def wells(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wells")
    for number in range(6):
        write_las(make_well(f"W-{number}", samples=900, seed=number), folder / f"W-{number}.las")
    return folder


def _spec_file(folder: Path, training: dict[str, Any] | None = None, **changes: Any) -> Path:
    spec = copy.deepcopy({**LOGS, **changes})
    spec["contenders"][1]["model"]["training"] = TRAINING | (training or {})
    path = folder / f"{spec['name']}.yaml"
    path.write_text(yaml.safe_dump(spec))
    return path


def _start(arguments: list[str], home: Path) -> subprocess.Popen[bytes]:
    # what a shell starts in the background ignores Ctrl-C
    command = ["env", "--default-signal=INT", sys.executable, "-m", "flows", *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=ROOT, env=environment_of(home), start_new_session=True, **quiet)


def _signal_when(
    ready: Callable[[], bool], arguments: list[str], home: Path, number: int = signal.SIGKILL, wait: float = 60.0
) -> int:
    """Start a command, signal it with all its children as soon as `ready`, and return its status within `wait` s."""
    child = _start(arguments, home)
    try:
        while not ready():
            assert child.poll() is None, "it ended before it could be killed"
            time.sleep(0.05)
        os.killpg(child.pid, number)
        return child.wait(wait)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _finished_epochs(home: Path) -> int:
    found = list((home / "checkpoints").glob("*.npz"))
    try:
        return len(Checkpoint.load(found[0]).history["val_loss"]) if found else 0
    except (DataError, FileNotFoundError):
        return 0


def test_a_killed_training_ends_with_the_weights_of_an_undisturbed_one(wells, tmp_path):
    arguments = ["train", str(_spec_file(tmp_path, name="tiny-killed")), "--data", str(wells)]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    _signal_when(lambda: _finished_epochs(killed) >= 3, arguments, killed)
    kept = _finished_epochs(killed)
    assert 3 <= kept < EPOCHS
    results = [run(arguments, environment_of(home)) for home in (killed, whole)]
    assert results[0]["metrics"] == results[1]["metrics"]
    arrays = [sorted((home / "fits").glob("*/arrays.npz")) for home in (killed, whole)]
    assert [path.parent.name for path in arrays[0]] == [path.parent.name for path in arrays[1]]
    for one, other in zip(*arrays, strict=True):
        with np.load(one) as left, np.load(other) as right:
            assert all(np.array_equal(left[name], right[name]) for name in right.files)
    assert not list((killed / "checkpoints").glob("*.npz"))

    client = connect(Settings(home=killed))
    experiment = client.get_experiment_by_name("sondeflow-tiny-killed").experiment_id
    runs = {(one.info.run_name, one.info.status): one for one in client.search_runs([experiment])}
    assert ("denoiser: dense", "FAILED") in runs, "the run that was killed says so"
    resumed = runs["denoiser: dense", "FINISHED"]
    assert kept <= int(resumed.data.tags["resumed_epochs"]) <= kept + 1
    steps = [metric.step for metric in client.get_metric_history(resumed.info.run_id, "val_loss")]
    assert steps == list(range(EPOCHS)), "its curve is whole"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_an_interrupted_training_ends_within_a_minute(wells, tmp_path, number: int, status: int):
    """Its threads would train for hours."""
    spec = _spec_file(tmp_path, name="tiny-interrupted", training={"epochs": 10_000, "patience": 1000})
    arguments = ["train", str(spec), "--data", str(wells)]
    assert _signal_when(lambda: _finished_epochs(tmp_path) >= 3, arguments, tmp_path, number) == status
    assert _finished_epochs(tmp_path) >= 3, "what is finished is kept"


def _trials(home: Path) -> list[str]:
    book = home / "sweeps.db"
    if not book.exists():
        return []
    try:
        with sqlite3.connect(f"file:{book}?mode=ro", uri=True) as store:
            return [state for (state,) in store.execute("select state from trials order by number")]
    except sqlite3.OperationalError:
        return []


def test_a_killed_search_tries_what_it_would_have_tried(wells, tmp_path):
    arguments = ["sweep", str(_spec_file(tmp_path, name="tiny-swept", sweep=SWEEP)), "--data", str(wells)]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    in_the_second = ["COMPLETE", "RUNNING"]
    _signal_when(lambda: _trials(killed) == in_the_second and _finished_epochs(killed) >= 2, arguments, killed)
    assert _trials(killed) == in_the_second
    results = [run(arguments, environment_of(home)) for home in (killed, whole)]
    assert results[0]["trials"] == results[1]["trials"]
    assert results[0]["winner"] == results[1]["winner"]
    assert len(results[0]["trials"]) == 3
    assert _trials(killed) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"], "the one that was cut off is tried again"
