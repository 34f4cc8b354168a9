"""A training that `sondeflow serve` runs is cancelled: it ends by itself in seconds, and what is finished is kept."""

from __future__ import annotations

import copy
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aemodels.denoisers.training.checkpoint import Checkpoint
from aemodels.io.las.writer import write_las
from helpers.ports import free_port
from helpers.recordings import make_well
from helpers.servers import PASSWORDS, ask, clean_environment, wait_for
from helpers.tiny_specs import LOGS
from tasks.settings import Settings
from tasks.tracking import connect

LONG = {"epochs": 10_000, "patience": 1000, "batch": 32, "stride": 4}  # hours
KILLED_AFTER = 30.0  # seconds that Prefect gives a cancelled run before it kills it


@dataclass(frozen=True)
class Serving:
    """A running `sondeflow serve`."""

    api: str
    home: Path
    process: subprocess.Popen[str]

    def start(self, deployment: str, request: dict[str, Any]) -> str:
        """Start a run of a deployment; its id."""
        found = ask(self.api, "/deployments/filter", {"deployments": {"name": {"any_": [deployment]}}})
        body = {"parameters": {"request": request}, "state": {"type": "SCHEDULED"}}
        return str(ask(self.api, f"/deployments/{found[0]['id']}/create_flow_run", body)["id"])

    def state(self, run: str) -> str:
        return str(ask(self.api, f"/flow_runs/{run}")["state_type"])

    def epochs(self) -> int:
        """Return the number of epochs in the checkpoint."""
        found = list((self.home / "checkpoints").glob("*.npz"))
        return len(Checkpoint.load(found[0]).history["val_loss"]) if found else 0


@pytest.fixture
def served(tmp_path) -> Iterator[Serving]:
    environment = clean_environment(tmp_path / "home")
    command = [sys.executable, "-m", "flows", "serve", "--json", "--port", str(free_port())]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            answer = json.loads(process.stdout.readline())
            api = f"{answer['prefect']}/api"
            PASSWORDS[api] = Path(answer["password_file"]).read_text().strip()
            yield Serving(api, tmp_path / "home", process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=120)


@pytest.mark.slow  # starts a server and trains
def test_a_cancelled_training_ends_before_it_is_killed_and_keeps_its_checkpoint(served, tmp_path):
    wells = tmp_path / "wells"
    for number in range(6):
        write_las(make_well(f"W-{number}", samples=900, seed=number), wells / f"W-{number}.las")
    spec = copy.deepcopy({**LOGS, "name": "tiny-cancelled"})
    spec["contenders"][1]["model"]["training"] = LONG
    run = served.start("train-logs", {"spec": spec, "data": str(wells)})
    wait_for("three epochs", lambda: served.epochs() >= 3, 240)

    cancelled = time.monotonic()
    ask(served.api, f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    wait_for("its end", lambda: served.state(run) == "CANCELLED", 120)
    assert time.monotonic() - cancelled < KILLED_AFTER

    kept = served.epochs()
    assert kept >= 3
    time.sleep(2.0)
    assert served.epochs() == kept, "it goes on"
    client = connect(Settings(home=served.home))
    (experiment,) = [one for one in client.search_experiments() if "tiny-cancelled" in one.name]
    ends = {one.info.run_name: one.info.status for one in client.search_runs([experiment.experiment_id])}
    assert "RUNNING" not in ends.values(), ends
