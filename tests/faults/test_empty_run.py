"""A run that finds nothing to do: quick, and without the libraries of networks."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from helpers.paths import ROOT

pytest_plugins = ("helpers.fault_fixtures",)

CODE = """
import json, os, sys, time
from flows.environment import prepare_environment, run_flow
from tasks.settings import Settings
settings = Settings()
prepare_environment(settings)
from prefect import flow
from flows.score import score
from tasks.scoring.request import ScoreRequest

@flow
def nothing() -> None:
    pass

def seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started

request = ScoreRequest(inbox=sys.argv[1], outbox=sys.argv[2])
bare = seconds(nothing)
empty = seconds(lambda: run_flow(score, settings, request=request))
children = [name for name in os.listdir("/proc") if name.isdigit() and os.path.exists(f"/proc/{name}/stat")
            and open(f"/proc/{name}/stat").read().rpartition(")")[2].split()[1] == str(os.getpid())]
heavy = sorted({"tensorflow", "keras", "mlflow"} & set(sys.modules))
print(json.dumps({"bare": bare, "empty": empty, "heavy": heavy, "children": len(children)}))
"""


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_an_empty_run_costs_next_to_nothing(site):
    environment = {**os.environ, "SONDEFLOW_HOME": str(site.folder / "home"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", CODE, str(site.inbox), str(site.outbox)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=600)
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (answer["heavy"], answer["children"]) == ([], 0)
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert answer["empty"] - answer["bare"] < 3.0 * busy, answer
