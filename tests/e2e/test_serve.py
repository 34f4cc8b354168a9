"""`sondeflow serve`, left running: what arrives is scored, whatever happens to its servers, and it ends cleanly.

Files are dropped in for SONDEFLOW_SOAK_SECONDS (30 here; 600 for the ten minutes of an acceptance):

    SONDEFLOW_SOAK_SECONDS=600 python -m pytest tests/e2e/test_serve.py -k dropped
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aemodels.io.las.writer import write_las
from helpers.ports import free_port
from helpers.recordings import make_well
from helpers.servers import PASSWORDS, ROOT, ask, clean_environment, wait_for

SOAK_SECONDS = float(os.environ.get("SONDEFLOW_SOAK_SECONDS", "30"))
CHAMPION = """
import sys
from pathlib import Path
from flows.environment import prepare_environment, run_flow
from tasks.settings import Settings
settings = Settings()
prepare_environment(settings)
from flows.train import TrainRequest, train
from tasks.tracking import get, promote
from aemodels.experiment.spec import ExperimentSpec
from helpers.tiny_specs import LOGS
anomalies = LOGS["anomalies"] | {"detectors": LOGS["anomalies"]["detectors"][1:]}
spec = ExperimentSpec.model_validate(LOGS | {"contenders": LOGS["contenders"][:1], "anomalies": anomalies})
result = run_flow(train, settings, request=TrainRequest(spec=spec, data=sys.argv[1]))
promote(settings, get(settings, f"models:/{result.model}/{result.version}"))
"""


@dataclass(frozen=True)
class Serving:
    """A running `sondeflow serve`: its process, what it announced, its environment."""

    process: subprocess.Popen[str]
    answer: dict[str, Any]
    environment: dict[str, str]

    @property
    def api(self) -> str:
        return f"{self.answer['prefect']}/api"

    def runs(self, state: str) -> list[dict[str, Any]]:
        body = {"flow_runs": {"state": {"type": {"any_": [state]}}}, "flows": {"name": {"any_": ["score"]}}}
        return ask(self.api, "/flow_runs/filter", body)


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Serving]:
    home, wells = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("wells")
    for number in range(6):
        write_las(make_well(f"W-{number}", samples=900, seed=number), wells / f"W-{number}.las")
    paths = os.pathsep.join(str(ROOT / place) for place in (".", "tests", "tests/integration"))
    environment = clean_environment(home)
    subprocess.run(
        [sys.executable, "-c", CHAMPION, str(wells)], env=environment | {"PYTHONPATH": paths}, check=True, timeout=400
    )
    command = [sys.executable, "-m", "flows", "serve", "--json", "--every", "5", "--port", str(free_port())]
    with subprocess.Popen(command, env=environment, cwd=home, stdout=subprocess.PIPE, text=True) as process:
        try:
            serving = Serving(process, json.loads(process.stdout.readline()), environment)
            PASSWORDS[serving.api] = Path(serving.answer["password_file"]).read_text().strip()
            yield serving
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=90)


def _children(pid: int) -> list[tuple[int, str]]:
    """Process id and command line of all that descends from a process."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    below, found = {pid}, []
    for _ in rows:
        new = [(int(row[0]), row[2]) for row in rows if int(row[1]) in below and int(row[0]) not in below]
        if not new:
            break
        below |= {one for one, _ in new}
        found += new
    return found


@pytest.mark.slow
@pytest.mark.timeout(SOAK_SECONDS + 900)
def test_what_is_dropped_in_is_scored_once_and_shown(served):
    inbox, outbox = Path(served.answer["inbox"]), Path(served.answer["outbox"])
    (inbox / "letter.las").write_text("Dear all,\n")
    until, number = time.monotonic() + SOAK_SECONDS, 0
    while number < 3 or time.monotonic() < until:
        write_las(make_well(f"N-{number}", samples=600, seed=100 + number), inbox / f"new well {number}.las")
        number += 1
        time.sleep(5)
    wait_for("scores of all", lambda: len(list((outbox / "scores").rglob("*.parquet"))) == number, 300)
    wait_for("quarantine", lambda: list((outbox / "quarantine").glob("*/reason.json")), 120)
    assert len(list((outbox / "las").glob("*.las"))) == len(list((outbox / "reports").glob("*.html"))) == number
    states = Counter(run["state_type"] for run in ask(served.api, "/flow_runs/filter", {}))
    assert states["COMPLETED"] > 0
    assert not states["FAILED"] + states["CRASHED"], states
    done = {run["id"] for run in served.runs("COMPLETED")}
    written = ask(served.api, "/artifacts/filter", {"artifacts": {"key": {"any_": ["scored"]}}})
    assert done <= {artifact["flow_run_id"] for artifact in written}, "a run left no artifact"


@pytest.mark.slow
def test_a_second_serve_of_the_same_home_is_refused(served):
    command = [sys.executable, "-m", "flows", "serve", "--json", "--port", str(free_port())]
    done = subprocess.run(command, env=served.environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert not answer["ok"]
    assert f"process {served.process.pid}" in answer["error"]
    assert served.answer["prefect"] in answer["error"]


@pytest.mark.slow
def test_a_server_that_dies_is_started_again_and_knows_all_it_knew(served):
    completed = {run["id"] for run in wait_for("a completed run", lambda: served.runs("COMPLETED"))}
    (server,) = [pid for pid, args in _children(served.process.pid) if "prefect_api.server" in args]
    os.kill(server, signal.SIGKILL)
    wait_for("a new server", lambda: _other_server(served, server), 200)
    assert completed <= {run["id"] for run in served.runs("COMPLETED")}
    wait_for("a run after it", lambda: {run["id"] for run in served.runs("COMPLETED")} - completed, 200)


@pytest.mark.slow
def test_sigterm_ends_it_with_all_that_it_started(served):
    children = _children(served.process.pid)
    assert len(children) >= 2
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=90) == 0
    left = [args for pid, args in children if Path(f"/proc/{pid}").exists()]
    assert left == []


@pytest.mark.slow
def test_a_taken_port_is_named(tmp_path):
    from helpers.servers import running_prefect

    with running_prefect(tmp_path / "other") as other:
        port = other["PREFECT_API_URL"].removesuffix("/api").rsplit(":", 1)[1]
        command = [sys.executable, "-m", "flows", "serve", "--json", "--port", port]
        environment = clean_environment(tmp_path / "home")
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert port in json.loads(done.stdout)["error"]


def _other_server(served: Serving, old: int) -> bool:
    now = [pid for pid, args in _children(served.process.pid) if "prefect_api.server" in args]
    try:
        return now != [] and old not in now and ask(served.api, "/health") is True
    except OSError:
        return False
