"""MLflow's stores: first use by several processes at once, and a real tracking server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import BundleError
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.files.hashing import sha256_file
from aemodels.io.las.writer import write_las
from aemodels.study.steps import prepare
from helpers.paths import ROOT
from helpers.recordings import make_well
from helpers.tiny_specs import LOGS
from tasks.address import Address
from tasks.scoring.choose_bundle import open_scorer
from tasks.scoring.file import score_job
from tasks.scoring.request import Job
from tasks.settings import Settings
from tasks.tracking import (
    RunSpec,
    connect,
    download_bundle,
    get,
    log_history,
    log_table,
    promote,
    read_table,
    register,
    register_bundle,
    tracked_run,
)

FIRST_USE = """
import sys
from tasks.settings import Settings
from tasks.tracking import RunSpec, tracked_run
sys.stdin.readline()
with tracked_run(Settings(), RunSpec(experiment="together", name=sys.argv[1])):
    pass
"""


@pytest.mark.slow
def test_first_use_by_several_processes_at_once(tmp_path):
    environment = {**os.environ, "SONDEFLOW_HOME": str(tmp_path)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_USE, f"worker-{number}"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    errors = [worker.communicate("go\n", timeout=200)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], errors
    client = connect(Settings(home=tmp_path))
    runs = client.search_runs([client.get_experiment_by_name("together").experiment_id])
    assert sorted(run.info.run_name for run in runs) == ["worker-0", "worker-1", "worker-2"]


def test_an_experiment_of_earlier_versions_opens_in_the_view_for_trained_models(tmp_path):
    settings = Settings(home=tmp_path)
    made = connect(settings).create_experiment("earlier")
    with tracked_run(settings, RunSpec(experiment="earlier", name="a run")) as handle:
        pass
    assert handle.experiment == made
    assert connect(settings).get_experiment(made).tags["mlflow.experimentKind"] == "custom_model_development"
    assert handle.address == f"http://localhost:5000/#/experiments/{made}/runs/{handle.run_id}"


def test_a_run_that_raises_is_failed_with_its_reason(tmp_path):
    settings = Settings(home=tmp_path)
    with (
        pytest.raises(KeyboardInterrupt),
        tracked_run(settings, RunSpec(experiment="e", name="r", params={"a.b": 1})) as run,
    ):
        raise KeyboardInterrupt("stopped by hand")
    found = connect(settings).get_run(run.run_id)
    assert found.info.status == "FAILED"
    assert "stopped by hand" in found.data.tags["failure"]
    assert found.data.params == {"a.b": "1"}


def test_a_history_longer_than_one_batch_arrives_whole(tmp_path):
    settings = Settings(home=tmp_path)
    with tracked_run(settings, RunSpec(experiment="e", name="r")) as run:
        log_history(settings, run.run_id, {"loss": list(range(700)), "val_loss": list(range(700))}, start=5)
    history = connect(settings).get_metric_history(run.run_id, "val_loss")
    assert [(metric.step, metric.value) for metric in history] == [(n + 5, float(n)) for n in range(700)]


@pytest.fixture(scope="module")
def small_bundle(tmp_path_factory):
    """A bundle made without any flow."""
    from aemodels.evaluate.detection.compare import compare_detectors
    from aemodels.study.steps import assemble, fit_contender

    spec = ExperimentSpec.model_validate(LOGS)
    prepared = prepare(spec, [make_well(f"W-{n}", samples=600, seed=n) for n in range(6)])
    fitted = {one.name: fit_contender(spec, one.name, prepared) for one in spec.contenders}
    study = compare_detectors(spec, prepared, {name: one.denoiser for name, one in fitted.items()})
    folder = tmp_path_factory.mktemp("bundle") / "bundle"
    assemble(spec, prepared, fitted, study).save(folder)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real `mlflow server` on this machine, with its own database and artifacts."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/server.db", "--artifacts-destination", str(folder / "art")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            _await(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, 15)
            process.wait(timeout=20)


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        assert process.poll() is None, "the server ended before it answered"
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"nothing answers at {address}")


@pytest.mark.slow  # the outage test and the demo use a real tracking server too
def test_everything_works_through_a_tracking_server(server, small_bundle, tmp_path):
    settings = Settings(home=tmp_path, tracking_uri=Address(server))
    import pandas as pd

    with tracked_run(settings, RunSpec(experiment="remote", name="r", params={"a": 1})) as run:
        log_table(settings, run.run_id, "t", pd.DataFrame({"x": [1, 2]}))
        name, version, created = register(settings, run.run_id, small_bundle, "sondeflow-logs", {})
    model = get(settings, f"models:/{name}/{version}")
    assert created
    assert run.address.startswith(server)
    assert read_table(settings, run.run_id, "t")["x"].tolist() == [1, 2]
    promote(settings, model)
    fetched = download_bundle(settings, get(settings, "models:/sondeflow-logs@champion"))
    recording = make_well("new", samples=400, seed=77)
    ours, theirs = (Bundle.load(folder).score(recording) for folder in (small_bundle, fetched))
    np.testing.assert_array_equal(ours.score, theirs.score)
    assert not (tmp_path / "mlartifacts").exists(), "artifacts are the server's to keep"


def test_registering_leaves_no_process_wide_store_behind(small_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////users/own.db")
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    settings = Settings(home=tmp_path)
    with tracked_run(settings, RunSpec(experiment="e", name="r")) as run:
        register_bundle(settings, run.run_id, small_bundle, "sondeflow-logs")
    assert os.environ["MLFLOW_TRACKING_URI"] == "sqlite:////users/own.db"
    assert "MLFLOW_REGISTRY_URI" not in os.environ


def test_the_same_bundle_is_registered_once(small_bundle, tmp_path):
    settings = Settings(home=tmp_path)
    with tracked_run(settings, RunSpec(experiment="e", name="r")) as run:
        first = register_bundle(settings, run.run_id, small_bundle, "sondeflow-logs")
        second = register_bundle(settings, run.run_id, small_bundle, "sondeflow-logs")
    assert (first[1], second[1]) == (True, False)
    assert first[0] == second[0]


def test_two_stores_with_the_same_version_do_not_share_a_downloaded_bundle(small_bundle, tmp_path):
    homes = [
        Settings(home=tmp_path / "home", tracking_uri=Address(f"sqlite:///{tmp_path}/{name}.db"))
        for name in ("one", "two")
    ]
    folders = set()
    for settings in homes:
        with tracked_run(settings, RunSpec(experiment="e", name="r")) as run:
            model, _ = register_bundle(settings, run.run_id, small_bundle, "sondeflow-logs")
        folders.add(download_bundle(settings, model))
    assert len(folders) == 2


@pytest.mark.parametrize("place", ["store", "copy"])
def test_a_bundle_that_was_altered_after_its_registration_is_refused(small_bundle, tmp_path, place):
    settings = Settings(home=tmp_path / "home")
    with tracked_run(settings, RunSpec(experiment="e", name="r")) as run:
        model, _ = register_bundle(settings, run.run_id, small_bundle, "sondeflow-logs")
    where = settings.artifacts_dir if place == "store" else download_bundle(settings, model)
    manifests = list(where.rglob("bundle.json"))
    assert manifests
    for path in manifests:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("{", "{ ", 1), encoding="utf-8")  # the same content, other bytes
    for uri in ("models:/sondeflow-logs/1", "models:/sondeflow-logs@challenger"):
        with pytest.raises(BundleError, match="altered"):
            open_scorer(uri, settings)


def test_a_bundle_that_is_altered_while_it_scores_is_refused(small_bundle, tmp_path):
    well = tmp_path / "a.las"
    write_las(make_well("A", samples=300), well)
    copy = Path(shutil.copytree(small_bundle, tmp_path / "bundle"))
    scorer = open_scorer(str(copy), Settings(home=tmp_path))
    (copy / "bundle.json").write_text((copy / "bundle.json").read_text().replace("{", "{ ", 1))
    job = Job(path=str(well), source="a.las", sha256=sha256_file(well), scorer=scorer, outbox=str(tmp_path / "out"))
    result = score_job(job)
    assert (result.status, "altered" in result.text) == ("blocked", True)
