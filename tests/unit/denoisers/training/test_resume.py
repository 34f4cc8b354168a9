"""A training that is killed goes on from its last finished epoch, and ends where an undisturbed one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from aemodels.core.errors import DataError
from aemodels.denoisers.training.checkpoint import Checkpoint
from helpers.paths import TESTS

SCRIPT = TESTS / "helpers" / "resumed_training.py"


def _start(*arguments: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    environment = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_a_killed_training_goes_on_and_ends_with_the_weights_of_an_undisturbed_one(tmp_path):
    checkpoint = tmp_path / "checkpoint.npz"
    child = _start("slow", str(checkpoint), str(tmp_path / "killed"))
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(3)]
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert told == [0, 1, 2]
    assert child.returncode == -signal.SIGKILL
    kept = len(Checkpoint.load(checkpoint).history["val_loss"])
    assert kept in {3, 4}

    second = _start("again", str(checkpoint), str(tmp_path / "result"))
    out, errors = second.communicate(timeout=300)
    assert second.returncode == 0, errors
    assert [int(line) for line in out.split()] == list(range(8)), "earlier epochs are told again, so a record is whole"
    with np.load(tmp_path / "0.npz") as resumed, np.load(tmp_path / "1.npz") as whole:
        assert (int(resumed["resumed"]), int(whole["resumed"])) == (kept, 0)
        assert set(resumed.files) == set(whole.files)
        for name in set(whole.files) - {"resumed"}:
            np.testing.assert_array_equal(resumed[name], whole[name], err_msg=name)


def test_a_checkpoint_is_read_back_as_it_was(tmp_path):
    rng = np.random.default_rng(0)
    state = [rng.normal(size=(2, 3)).astype(np.float32), np.array(7, dtype=np.int64)]
    Checkpoint(state, state[:1], {"loss": [0.5, 0.25], "val_loss": [1.0, 1.5]}).save(tmp_path / "one.npz")
    found = Checkpoint.load(tmp_path / "one.npz")
    assert found.history == {"loss": [0.5, 0.25], "val_loss": [1.0, 1.5]}
    for before, after in zip(state, found.state, strict=True):
        np.testing.assert_array_equal(before, after)
        assert before.dtype == after.dtype
    assert len(found.best) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["one.npz"]


def test_a_file_that_is_no_checkpoint_is_refused_with_the_remedy(tmp_path):
    path = tmp_path / "one.npz"
    path.write_bytes(b"not an archive")
    with pytest.raises(DataError, match="delete it"):
        Checkpoint.load(path)
