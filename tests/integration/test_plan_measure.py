"""`sondeflow plan measure` scores an inbox on Dask and compares what it took with what the simulation says."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from helpers.cheap_bundle import fill, save_cheap_bundle
from tasks.capacity.constants import read_constants

pytestmark = pytest.mark.slow


def test_measured_costs_are_those_of_the_command_and_are_compared_with_predictions(tmp_path):
    save_cheap_bundle(tmp_path / "bundle")
    fill(tmp_path / "in", 16)
    out = tmp_path / "costs.json"
    options = ["--out", str(out), "--workers", "1,2", "--bundle", str(tmp_path / "bundle"), "--json"]
    answer = CliRunner().invoke(app, ["plan", "measure", str(tmp_path / "in"), *options])
    assert answer.exit_code == 0, answer.output
    found = json.loads(out.read_text())
    assert [(row["what"], row["workers"]) for row in found["comparison"]] == [("command", 1), ("command", 2)]
    for row in found["comparison"]:
        assert row["difference"] == pytest.approx(row["predicted_s"] / row["clock_s"] - 1, abs=0.05)
    assert {run["files"] for run in found["runs"]["command"].values()} == {2, 16}
    assert all("server" not in run["roles"] for run in found["runs"]["command"].values())
    costs = read_constants(out)
    one = found["runs"]["command"]["1"]
    spent = costs.score_well_s * 16 + costs.scoring_start_s + costs.command_worker_well_s * 16
    spent += costs.command_worker_start_s + costs.command_well_s * 16 + costs.command_start_s
    assert spent == pytest.approx(sum(one["roles"].values()), rel=0.2)
