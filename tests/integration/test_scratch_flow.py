"""The command that holds the networks in plain NumPy against what is known of them."""

from __future__ import annotations

import pytest

from tasks.settings import Settings
from tasks.tracking import connect

pytest_plugins = ("helpers.flow_fixtures",)


def test_known_answers_are_met_and_lie_in_runs_with_figures(prefect_server, command_json):
    code, answer = command_json("scratch")
    assert (code, answer["met"]) == (0, True)
    slopes, spiral = answer["runs"]
    found = {known["what"]: known["found"] for known in spiral["answers"]}
    assert found["mse at epoch 2000"] == 0.036121
    assert found["largest distance"] == 0.47909
    client = connect(Settings())
    run = client.get_run(spiral["run_id"])
    assert run.data.metrics["final_mse"] == pytest.approx(0.036107)
    assert (run.data.params["sizes"], run.data.params["seed"]) == ("[2, 1, 2]", "42")
    history = client.get_metric_history(spiral["run_id"], "mse")
    assert [metric.step for metric in history] == list(range(0, 2000, 10))
    for one, names in ((slopes, {"network", "slopes"}), (spiral, {"network", "spiral"})):
        figures = {item.path for item in client.list_artifacts(one["run_id"], "figures")}
        assert figures == {f"figures/{name}.png" for name in names}
