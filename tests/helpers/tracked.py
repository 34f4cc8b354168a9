"""A small experiment trained from the command line, behind a real MLflow server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aemodels.io.las.writer import write_las
from flows.server.mlflow_login import AUTHENTICATION
from flows.server.web_pages import HOST, Ports, commands
from helpers.paths import ROOT
from helpers.recordings import make_well
from tasks.settings import Settings

EXPERIMENT: dict[str, Any] = {
    "name": "tiny-logs",
    "kind": "logs",
    "curves": ["GR", "RHOB", "NPHI"],
    "minimum_samples": 100,
    "split": {"test": ["W-4", "W-5"]},
    "default": "pca_wiener",
    "contenders": [
        {"name": "pca_wiener", "model": {"kind": "pca_wiener"}},
        {"name": "median", "model": {"kind": "median"}},
        {"name": "dense", "model": {"kind": "dense", "training": {"epochs": 4, "batch": 64, "stride": 50}}},
    ],
    "test_conditions": [{"name": "noise 0.2", "noise": [{"kind": "gaussian", "factor": 0.2}]}],
    "anomalies": {
        "faults": [{"kind": "spike"}, {"kind": "stuck"}],
        "detectors": [
            {"name": "dense_error", "model": {"kind": "reconstruction", "contender": "dense"}},
            {"name": "pca_error", "model": {"kind": "pca_reconstruction"}},
        ],
        "thresholds": [{"kind": "quantile", "rate": 0.01}, {"kind": "conformal"}],
    },
}


@dataclass(frozen=True)
class Tracked:
    """A trained experiment behind a running MLflow server."""

    address: str
    experiment: str
    run_id: str
    model: str
    version: str


@contextmanager
def tracking(home: Path) -> Iterator[Tracked]:
    """Train a tiny experiment in `home`, as from the command line, and serve its runs."""
    environment = environment_of(home)
    trained = train(EXPERIMENT, _wells(home), environment)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command = commands(Settings(home=home), Ports(mlflow=port, prefect=0))["mlflow"]
    command = [part for part in command if part not in AUTHENTICATION]  # tests/e2e/test_stack.py logs in
    store = {"MLFLOW_BACKEND_STORE_URI": Settings(home=home).tracking_uri.reveal()}
    with subprocess.Popen(
        command,
        cwd=home,
        env=environment | {"PYTHONPATH": str(ROOT)} | store,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    ) as server:
        try:
            address = f"http://{HOST}:{port}"
            _await(f"{address}/health", server)
            run = _ask(f"{address}/api/2.0/mlflow/runs/get?run_id={trained['run_id']}")["run"]
            yield Tracked(
                address, run["info"]["experiment_id"], trained["run_id"], trained["model"], str(trained["version"])
            )
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wells(home: Path) -> Path:
    wells = home / "wells"
    wells.mkdir(parents=True)
    for number in range(7):
        write_las(make_well(f"W-{number}", samples=900, seed=number), wells / f"W-{number}.las")
    return wells


def train(spec: dict[str, Any], data: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Train an experiment with the command line: its answer."""
    path = data.parent / f"{spec['name']}.yaml"
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    return run(["train", str(path), "--data", str(data)], environment)


def run(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """One command of the product with --json: its answer."""
    command = [sys.executable, "-m", "flows", *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def environment_of(home: Path) -> dict[str, str]:
    """This process's environment with everything of the product in `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SONDEFLOW_", "PREFECT_"))}
    return {**kept, "SONDEFLOW_HOME": str(home), "PREFECT_HOME": str(home / "prefect")}


def _await(address: str, server: subprocess.Popen) -> None:
    for _ in range(400):
        assert server.poll() is None, "MLflow's server has ended"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"nothing answers at {address}")


def _ask(address: str) -> dict:
    with urllib.request.urlopen(address, timeout=30) as reply:
        return json.load(reply)


def artifact_address(tracked: Tracked, path: str) -> str:
    """The page of MLflow that shows one artifact of the experiment's run."""
    return f"{tracked.address}/#/experiments/{tracked.experiment}/runs/{tracked.run_id}/artifacts/{path}"
