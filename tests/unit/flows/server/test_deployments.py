"""prefect.yaml is complete, and its flows exist and accept its parameters."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import pytest
from prefect import Flow, Task
from pydantic import BaseModel

import tasks
from aemodels.core.errors import SpecError
from flows.server.deployments import FILE, POOL, load_deployments, plan_of, with_scoring_every

CONTENT = load_deployments()
DEPLOYMENTS = {deployment["name"]: deployment for deployment in CONTENT["deployments"]}
NAMES = {"ingest", "train-logs", "train-seismic", "promote", "score", "monitor", "maintain"}
# Tasks that read or write files, databases or servers, and nothing else worth doing twice.
IO_TASKS = {
    "find-files",
    "ingest-batch",
    "find-arrivals",
    "log-study",
    "log-sweep",
    "log-denoising",
    "log-detectors",
    "register",
    "save-training-result",
    "record-decision",
    "choose-watched",
    "record-drift",
}


def flow_of(name: str) -> Flow[..., Any]:
    module, _, attribute = DEPLOYMENTS[name]["entrypoint"].rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def request_of(name: str) -> type[BaseModel]:
    """The model of the one parameter of a deployed flow."""
    (parameter,) = inspect.signature(flow_of(name).fn, eval_str=True).parameters.values()
    assert parameter.name == "request"
    return parameter.annotation


def all_tasks() -> dict[str, Task[..., Any]]:
    found = {}
    for module in pkgutil.walk_packages(tasks.__path__, "tasks."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Task):
                found[value.name] = value
    return found


def test_the_deployments_are_the_promised_ones():
    assert set(DEPLOYMENTS) == NAMES
    assert FILE.resolve().parent.joinpath("pyproject.toml").is_file(), "the package's copy is not the project's file"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_deployment_is_complete(name):
    deployment = DEPLOYMENTS[name]
    assert deployment["description"]
    assert "sondeflow" in deployment["tags"]
    assert deployment["work_pool"]["name"] == POOL
    assert deployment["work_pool"]["job_variables"]["env"]["DO_NOT_TRACK"] == "true"
    assert deployment["concurrency_limit"]["limit"] == 1
    assert deployment["concurrency_limit"]["collision_strategy"] in {"CANCEL_NEW", "ENQUEUE"}
    for schedule in deployment["schedules"]:
        assert schedule["slug"]
        assert schedule["timezone"]
        assert schedule["active"] in {True, False}, "without it a new deployment may switch a paused schedule on"
    slugs = [schedule["slug"] for schedule in deployment["schedules"]]
    assert len(slugs) == len(set(slugs))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_deployed_flow_takes_one_described_frozen_request(name):
    model = request_of(name)
    assert model.model_config["frozen"]
    assert model.model_config["extra"] == "forbid"
    for field, info in model.model_fields.items():
        assert info.description, f"{model.__name__}.{field} has no description: the form would not explain it"
    assert isinstance(model.model_validate(DEPLOYMENTS[name]["parameters"]["request"]), model)
    assert flow_of(name).timeout_seconds


def test_only_tasks_of_input_and_output_are_tried_again_and_not_all_at_once():
    retried = {name: task for name, task in all_tasks().items() if task.retries}
    assert retried.keys() <= IO_TASKS, "a task that computes gives the same error twice"
    assert [name for name, task in retried.items() if not task.retry_jitter_factor] == []


def test_scoring_every_so_often_changes_its_schedule_alone():
    changed = with_scoring_every(CONTENT, 5)
    score = {deployment["name"]: deployment for deployment in changed["deployments"]}["score"]
    assert score["schedules"] == [{"slug": "arrivals", "interval": 5, "timezone": "UTC", "active": True}]
    assert {schedule["slug"] for schedule in DEPLOYMENTS["score"]["schedules"]} == {"arrivals"}, (
        "it is replaced, not added"
    )
    others = [deployment for deployment in changed["deployments"] if deployment["name"] != "score"]
    assert others == [deployment for deployment in CONTENT["deployments"] if deployment["name"] != "score"]
    assert {"deployment": "score", "when": "every 5 s UTC"} in plan_of(changed)


@pytest.mark.parametrize("text", ["", "name: x", "deployments: [", "deployments: []"])
def test_a_file_without_deployments_is_refused(tmp_path, text):
    path = tmp_path / "prefect.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=r"prefect\.yaml"):
        load_deployments(path)


def test_scoring_every_needs_a_deployment_that_scores():
    with pytest.raises(SpecError, match="score"):
        with_scoring_every({"deployments": [{"name": "other"}]}, 5)
