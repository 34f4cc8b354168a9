"""Predictions of a plan, compared with what can be worked out by hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aemodels.core.errors import SpecError
from flows.cli.app import app
from tasks.capacity.cluster import Cluster, Work
from tasks.capacity.constants import Constants, read_constants
from tasks.capacity.estimate import Prices, estimate, find_shared
from tasks.capacity.simulate import simulate

NOTHING = {name: 0.0 for name, field in Constants.model_fields.items() if field.annotation is float}
ONLY_SCORING = Constants(**{**NOTHING, "score_well_s": 1.0, "score_gb_s": 100.0, "well_mb": 1.0, "range_mb": 50.0,
                            "network_mb_s": 100.0})  # fmt: skip


@pytest.mark.parametrize(
    ("workers", "cores", "seconds"),
    [(1, 1, 64.0), (2, 2, 32.0), (4, 4, 16.0), (2, 1, 64.0), (4, 2, 32.0)],
)
def test_scoring_alone_takes_its_processor_time_over_the_cores(workers: int, cores: int, seconds: float) -> None:
    cluster = Cluster(workers, cores=cores, per_machine=workers)
    found = simulate(Work(64, files_per_task=4), cluster, ONLY_SCORING)
    assert found.seconds == pytest.approx(seconds)
    assert found.workers == pytest.approx(64.0)


def test_a_start_is_paid_by_every_worker_before_its_first_task() -> None:
    constants = ONLY_SCORING.model_copy(update={"flow_start_s": 3.0, "server_start_s": 5.0, "worker_start_s": 2.0})
    assert simulate(Work(64), Cluster(2, cores=2), constants).seconds == pytest.approx(5 + 3 + 2 + 32)
    assert simulate(Work(64), Cluster(2, cores=2, running=True), constants).seconds == pytest.approx(3 + 32)


def test_on_one_core_flow_and_worker_take_turns() -> None:
    constants = ONLY_SCORING.model_copy(update={"command_well_s": 1000.0})
    work, cluster = Work(3, files_per_task=1), Cluster(1, cores=1, one_machine=True)
    found = simulate(work, cluster, constants)  # and nothing is lost
    assert found.seconds == pytest.approx(found.flow + found.workers)


def test_a_flow_that_is_slower_than_its_workers_sets_the_pace() -> None:
    constants = ONLY_SCORING.model_copy(update={"flow_well_s": 0.5})
    found = simulate(Work(1000, files_per_task=1), Cluster(50, cores=50), constants)
    assert found.seconds == pytest.approx(500.0, rel=0.01)
    (flow, *_) = find_shared(Work(1000, files_per_task=1), Cluster(50, cores=50), constants)
    assert (flow.name, flow.full_at, flow.use) == ("flow", pytest.approx(2.0), 1.0)


def test_waiting_for_an_object_store_takes_no_core() -> None:
    constants = ONLY_SCORING.model_copy(update={"well_requests": 10.0, "request_s": 0.1, "well_mb": 1e-6})
    found = simulate(Work(8, files_per_task=1), Cluster(4, cores=2, per_machine=4, object_store=True), constants)
    # each worker scores two wells; two of the four wait while two score
    assert found.workers == pytest.approx(8.0)
    assert 4.9 < found.seconds < 6.1


def test_lines_are_scored_by_their_bytes_and_very_many_ranges_are_merged() -> None:
    found = simulate(Work(0, terabytes=1.0), Cluster(10, cores=10), ONLY_SCORING)
    assert found.seconds == pytest.approx(1000 * 100.0 / 10)


def test_each_run_pays_its_start() -> None:
    constants = ONLY_SCORING.model_copy(update={"flow_start_s": 10.0})
    once = estimate(Work(100), Cluster(1), constants)
    often = estimate(Work(100, files_per_run=25), Cluster(1), constants)
    assert (once.seconds, often.seconds, often.runs) == (pytest.approx(110), pytest.approx(140), 4)


def test_money_is_hours_bytes_and_requests_times_the_given_prices() -> None:
    constants = ONLY_SCORING.model_copy(update={"well_requests": 5.0})
    cluster = Cluster(8, cores=4, object_store=True)
    found = estimate(Work(36_000), cluster, constants, Prices(instance_hour=2.0, egress_gb=0.1, thousand_requests=0.5))
    hours = found.seconds / 3600
    assert found.machines == 3
    assert found.money == {
        "workers": pytest.approx(2 * hours * 2.0),
        "head": pytest.approx(hours * 2.0),
        "egress": pytest.approx(36.0 * 0.1),
        "requests": pytest.approx(180.0 * 0.5),
        "sum": pytest.approx(sum(value for name, value in found.money.items() if name != "sum")),
    }
    assert estimate(Work(10), cluster, constants).money == {}


def test_a_faster_core_shortens_what_takes_processor_time() -> None:
    slow = estimate(Work(640), Cluster(2), ONLY_SCORING)
    fast = estimate(Work(640), dataclasses.replace(Cluster(2), speed=2.0), ONLY_SCORING)
    assert fast.seconds == pytest.approx(slow.seconds / 2)


def test_a_file_of_measurements_replaces_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    path.write_text(json.dumps({"constants": {"score_well_s": 0.5}, "runs": {}}))
    assert read_constants(path) == Constants(score_well_s=0.5)


@pytest.mark.parametrize(
    ("constants", "named"), [({"score_wel_s": 1}, "score_wel_s"), ({"score_well_s": -1}, "score_well_s")]
)
def test_a_wrong_file_of_measurements_is_refused_with_the_field(
    tmp_path: Path, constants: dict[str, float], named: str
) -> None:
    path = tmp_path / "measured.json"
    path.write_text(json.dumps({"constants": constants}))
    with pytest.raises(SpecError, match=rf"measured.json: constants.{named}"):
        read_constants(path)


def test_the_command_answers_with_duration_bottleneck_and_money(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    path.write_text(json.dumps({"constants": {"score_well_s": 0.4}}))
    options = ["--wells", "50000", "--tb", "10", "--workers", "40", "--measured", str(path), "--instance-hour", "0.5"]
    found = CliRunner().invoke(app, ["plan", *options, "--json"])
    answer = json.loads(found.stdout)
    assert found.exit_code == 0
    assert answer["constants"]["score_well_s"] == 0.4
    assert answer["seconds"] * 40 * answer["efficiency"] == pytest.approx(
        50_000 * (0.4 + Constants().worker_well_s) + 10_000 * Constants().score_gb_s
    )
    assert answer["shared"] and answer["bottleneck"] and answer["money"]["sum"] > 0


def test_nothing_to_plan_is_bad_usage() -> None:
    assert CliRunner().invoke(app, ["plan", "--json"]).exit_code == 2


def test_on_one_machine_the_command_calls_its_workers_and_no_server_is_started() -> None:
    constants = ONLY_SCORING.model_copy(
        update={
            **{"server_start_s": 50.0, "flow_start_s": 50.0, "worker_start_s": 50.0, "flow_well_s": 50.0},
            **{"command_start_s": 2.0, "command_worker_start_s": 1.0, "scoring_start_s": 4.0, "line_start_s": 9.0},
        }
    )
    one_machine = Cluster(2, cores=2, one_machine=True)
    found = simulate(Work(64), one_machine, constants)
    assert (found.seconds, found.server, found.flow) == (pytest.approx(2 + 1 + 4 + 32), 0.0, pytest.approx(2.0))
    line = simulate(Work(0, terabytes=0.001), one_machine, constants)
    assert line.seconds == pytest.approx(2 + 1 + 9 + 100 / 2)
    assert simulate(Work(64), dataclasses.replace(one_machine, with_server=True), constants).server == 50.0
    busy = constants.model_copy(update={"command_well_s": 9.0})
    (first, *_) = find_shared(Work(64), one_machine, busy)
    assert first.name == "command"
