"""The registered model without sondeflow: behind `mlflow models serve`, and in a separate environment."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
import venv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.io.readers import read
from helpers.mlflow_server import await_answer
from tasks.tracking import download_bundle, get
from tasks.tracking.store import fluent_api

pytest_plugins = ("helpers.flow_fixtures",)
PREDICT = """
import sys, mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/sondeflow-logs@champion")
model.predict(pd.read_csv("in.csv")).to_csv("out.csv", index=False)
import aemodels
print(aemodels.__file__)
"""


@pytest.fixture
def elsewhere() -> dict[str, str]:
    """An environment in which this checkout is not on the path."""
    hidden = {"PYTHONPATH", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"}
    return {name: value for name, value in os.environ.items() if name not in hidden}


@pytest.fixture
def serve(champions, elsewhere, tmp_path):
    """Start `mlflow models serve` for a model; returns its address."""
    started = []

    def start(uri: str) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", uri, "--env-manager", "local"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        environment = {**elsewhere, "MLFLOW_TRACKING_URI": str(champions.settings.tracking_uri)}
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"  # it starts uvicorn by name
        with (tmp_path / f"serve-{port}.log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=tmp_path, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        started.append(process)
        await_answer(f"http://127.0.0.1:{port}/ping", process)
        return f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        os.killpg(process.pid, 15)
        process.wait(timeout=30)


def _invoke(address: str, body: dict) -> pd.DataFrame:
    request = urllib.request.Request(
        f"{address}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as reply:
        return pd.DataFrame(json.loads(reply.read())["predictions"])


@pytest.mark.slow
def test_served_logs_are_scored_as_the_bundle_scores_them(champions, serve):
    model = get(champions.settings, "models:/sondeflow-logs@champion")
    bundle = Bundle.load(download_bundle(champions.settings, model))
    recording = read(champions.wells / "W-5.las")
    frame = pd.DataFrame({name: recording.channel(name).astype(float) for name in bundle.curves})
    frame.loc[100:120, "GR"] = np.nan  # a gap, null in JSON
    expected = bundle.score(_with_gap(recording))
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    answer = _invoke(serve(model.uri), {"dataframe_split": {"columns": list(frame), "data": rows}})
    np.testing.assert_allclose(answer["score"].astype(float), expected.score, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(answer["RHOB_DN"].astype(float), expected.denoised[1], rtol=1e-3, atol=1e-3)
    assert answer["GR_DN"][100:121].isna().all()
    assert answer["is_anomaly"].tolist() == expected.is_anomaly.tolist()


def _with_gap(recording):
    from dataclasses import replace

    values = recording.values.copy()
    values[recording.names.index("GR"), 100:121] = np.nan
    return replace(recording, values=values)


@pytest.mark.slow
def test_served_traces_are_scored_as_the_bundle_scores_them(champions, serve):
    model = get(champions.settings, "models:/sondeflow-seismic@champion")
    recording = read(champions.line)
    expected = Bundle.load(download_bundle(champions.settings, model)).score(recording)
    body = {"inputs": recording.values.tolist(), "params": {"step": 0.004}}
    answer = _invoke(serve(model.uri), body)
    np.testing.assert_allclose(answer["score"].astype(float), expected.score, rtol=1e-3, atol=1e-4)
    assert answer["reason"].tolist() == list(expected.reason)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_listed_requirements_are_all_it_takes(champions, elsewhere, tmp_path):
    """A new environment with nothing but the requirements logged with the model; its code travels with it."""
    import mlflow

    model = get(champions.settings, "models:/sondeflow-logs@champion")
    with fluent_api(champions.settings):
        listed = mlflow.pyfunc.get_model_dependencies(model.uri)
    venv.create(tmp_path / "fresh", with_pip=True)
    python = tmp_path / "fresh" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", listed], env=elsewhere, check=True, timeout=1500)
    bundle = Bundle.load(download_bundle(champions.settings, model))
    recording = read(champions.wells / "W-5.las")
    frame = pd.DataFrame({name: recording.channel(name).astype(float) for name in bundle.curves})
    frame.to_csv(tmp_path / "in.csv", index=False)
    done = subprocess.run(
        [python, "-c", PREDICT, str(champions.settings.tracking_uri)],
        cwd=tmp_path,
        env=elsewhere,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "mlartifacts" in done.stdout.splitlines()[-1], "the code comes from the model"
    out = pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(out["score"], bundle.score(recording).score, rtol=1e-3, atol=1e-4)
