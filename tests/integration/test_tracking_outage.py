"""The MLflow server is away, comes back, or is killed while a training runs: nothing is lost, nothing is doubled."""

from __future__ import annotations

import copy
import json
import threading
import time

import pytest

from aemodels.experiment.spec import ExperimentSpec
from helpers.mlflow_server import MlflowServer
from helpers.tiny_specs import LOGS
from tasks.settings import Settings
from tasks.tracking import PENDING, RunSpec, connect, get, log_history, log_text, read_table, send_pending, tracked_run
from tasks.tracking.spool import records

pytest_plugins = ("helpers.flow_fixtures",)
EPOCHS = 60


@pytest.fixture
def server(tmp_path, prefect_server, monkeypatch):
    (tmp_path / "server").mkdir()
    server = MlflowServer(tmp_path / "server")
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SONDEFLOW_TRACKING_URI", server.address)
    yield server
    server.stop()


def _spec(name: str) -> ExperimentSpec:
    spec = copy.deepcopy(LOGS) | {"name": name}
    spec["contenders"][1]["model"]["training"] |= {"epochs": EPOCHS, "patience": EPOCHS}
    return ExperimentSpec.model_validate(spec)


def _train(name: str, folder) -> object:
    from flows.environment import run_flow
    from flows.train import TrainRequest, train

    return run_flow(train, Settings(), request=TrainRequest(spec=_spec(name), data=str(folder / "wells")))


def _when_training(act) -> threading.Thread:
    """Do something as soon as a network is being trained."""

    def watch() -> None:
        while not any(record.head.name == "denoiser: dense" for record in records(Settings())):
            time.sleep(0.05)
        act()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def _runs(name: str) -> dict:
    client = connect(Settings())
    experiment = client.get_experiment_by_name(f"sondeflow-{name}").experiment_id
    found = client.search_runs([experiment])
    assert len({run.info.run_name for run in found}) == len(found), "a run was sent twice"
    return {run.info.run_name: run for run in found}


def _check_whole(name: str, result) -> None:
    """Everything that a training without any trouble leaves in the store."""
    runs = _runs(name)
    names = {"denoiser: dense", "denoiser: pca_wiener", "detector: dense_error", "detector: pca_error"}
    parent = runs.pop(f"train: {name}")
    assert set(runs) == names
    assert {run.info.status for run in (parent, *runs.values())} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in runs.values()} == {parent.info.run_id}
    client = connect(Settings())
    history = client.get_metric_history(runs["denoiser: dense"].info.run_id, "val_loss")
    assert [metric.step for metric in history] == list(range(EPOCHS))
    assert parent.data.metrics.items() >= result.metrics.items()
    table = read_table(Settings(), parent.info.run_id, "denoising_summary")
    assert table["median_db"].round(4).tolist() == [row["median_db"] for row in result.denoising]
    folders = {item.path for item in client.list_artifacts(parent.info.run_id)}
    assert folders >= {"figures", "tables", "spec.yaml", "evidence.json", "model_card.md", "model.json", "result.json"}
    assert {item.tags[0].value for item in parent.inputs.dataset_inputs} == {"training", "validation", "test"}
    assert get(Settings(), "models:/sondeflow-logs@challenger").run_id == parent.info.run_id


@pytest.mark.slow
def test_killed_while_training_then_uploaded_by_command(server, field_folder, command_json):
    server.start()
    killer = _when_training(server.stop)
    result = _train("cut-off", field_folder)
    killer.join()
    assert result.version == PENDING
    code, answer = command_json("upload")
    assert code == 1
    assert answer["waiting"] > 0
    again = _train("cut-off", field_folder)
    assert again.run_id == result.run_id, "a training that waits to be sent is not recorded a second time"

    server.start()
    code, answer = command_json("upload")
    assert (code, answer["waiting"]) == (0, 0)
    _check_whole("cut-off", result)
    assert command_json("upload")[1]["runs"] == [], "all was sent; nothing is sent twice"
    _check_whole("cut-off", result)
    found = _train("cut-off", field_folder)
    assert (found.version, found.created) == ("1", False)


@pytest.mark.slow
def test_away_at_the_start_and_back_before_the_end(server):
    """What children logged while the server was away goes with their parent; nobody has to ask for it."""
    settings = Settings()
    with tracked_run(settings, RunSpec(experiment="sondeflow-late", name="parent", params={"a": 1})) as parent:
        with tracked_run(settings, RunSpec(experiment="sondeflow-late", name="early", parent=parent.run_id)) as early:
            log_history(settings, early.run_id, {"loss": [2.0, 1.0]})
        assert parent.run_id.startswith("local-")
        server.start()
        with tracked_run(settings, RunSpec(experiment="sondeflow-late", name="late", parent=parent.run_id)) as late:
            log_text(settings, late.run_id, "note.txt", "n")
    assert send_pending(settings) == []
    runs = _runs("late")
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert runs["early"].data.metrics == {"loss": 1.0}
    children = {runs[name].data.tags["mlflow.parentRunId"] for name in ("early", "late")}
    assert children == {runs["parent"].info.run_id}


@pytest.mark.slow
def test_the_command_gives_the_remedy(server, field_folder, command, tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(json.dumps(_spec("said").model_dump(mode="json")))
    code, out = command("train", str(path), "--data", str(field_folder / "wells"))
    assert code == 1
    assert "sondeflow upload" in out
    assert str(Settings().home / "spool") in out
