"""A search over parameters, through a real Prefect server into a real MLflow store."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
import yaml

from aemodels.experiment.spec import ExperimentSpec
from helpers.tiny_specs import LOGS
from tasks.settings import Settings
from tasks.tracking import connect, read_table

pytest_plugins = ("helpers.flow_fixtures",)

SWEEP = {
    "contender": "pca_wiener",
    "trials": 3,
    "parameters": {"stride": {"low": 5, "high": 40}, "window.stride": {"choices": [4, 8, 16]}},
}
SPEC = {**LOGS, "name": "tiny-sweep", "sweep": SWEEP}


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "sweep.yaml"
    path.write_text(yaml.safe_dump(SPEC))
    return path


@pytest.fixture
def sweep(prefect_server, field_folder, spec_file, command_json):
    """Run the command: exit code and its answer."""

    def run(*options: str):
        return command_json("sweep", str(spec_file), "--data", str(field_folder / "wells"), *options)

    return run


def test_every_trial_is_a_run_and_the_best_on_validation_wells_wins(sweep):
    code, answer = sweep()
    assert code == 0
    trials = answer["trials"]
    assert [trial["number"] for trial in trials] == [0, 1, 2]
    assert trials[0]["values"] == {"stride": 10, "window.stride": 4}, "the specification's own values come first"
    assert answer["winner"]["gain_db"] == max(trial["gain_db"] for trial in trials)
    client = connect(Settings())
    parent = client.get_run(answer["run_id"])
    children = client.search_runs([parent.info.experiment_id], f"tags.mlflow.parentRunId = '{answer['run_id']}'")
    assert {child.info.run_name for child in children} == {f"denoiser: pca_wiener #{number}" for number in range(3)}
    gains = {int(child.data.tags["trial"]): child.data.metrics["validation_db"] for child in children}
    assert gains == pytest.approx({trial["number"]: trial["gain_db"] for trial in trials})
    table = read_table(Settings(), answer["run_id"], "trials")
    assert table["validation_db"].tolist() == pytest.approx([trial["gain_db"] for trial in trials])
    assert parent.data.metrics["best_validation_db"] == pytest.approx(answer["winner"]["gain_db"])
    found = ExperimentSpec.model_validate(yaml.safe_load(answer["spec"]))
    assert found.contender("pca_wiener").model.stride == answer["winner"]["values"]["stride"]


def test_asked_for_more_it_keeps_what_was_tried_and_goes_on(sweep):
    _, first = sweep()
    code, more = sweep("--trials", "4")
    assert (code, len(more["trials"])) == (0, 4)
    assert more["trials"][:3] == first["trials"]


def test_one_search_at_a_time(sweep):
    lock = Settings().home / "sweeps.lock"
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        code, answer = sweep("--trials", "5")
    assert code == 1
    assert "another sweep" in answer["error"]


def test_trials_that_cannot_be_fail_and_the_others_count(prefect_server, field_folder, tmp_path, command_json):
    wild = {**SWEEP, "parameters": {"window.length": {"choices": [96, 5000]}}, "trials": 5}
    path = tmp_path / "wild.yaml"
    path.write_text(yaml.safe_dump({**SPEC, "sweep": wild}))
    code, answer = command_json("sweep", str(path), "--data", str(field_folder / "wells"))
    assert code == 0
    failed = [trial for trial in answer["trials"] if trial["reason"]]
    assert {trial["values"]["window.length"] for trial in failed} == {5000}
    assert all("window.length" in trial["reason"] for trial in failed)
    assert answer["winner"]["values"] == {"window.length": 96}
