"""`prefect deploy --all` from a clean clone against a real server, and again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from helpers.servers import ROOT, ask, running_prefect

PAUSED = '{slug: arrivals, cron: "0 2 * * *", timezone: UTC, active: false}'
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """The tracked files and no others, as somebody who clones the project has them."""
    goal = tmp_path_factory.mktemp("clone")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        (goal / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, goal / name, follow_symlinks=False)
    return goal


@pytest.fixture(scope="module")
def server(tmp_path_factory, clone):
    """A server's API with the deployments of the clone, deployed as docs/how-to/run-on-a-schedule.md says."""
    with running_prefect(tmp_path_factory.mktemp("home"), PWD=str(clone), PYTHONPATH=str(clone)) as environment:
        _run(["work-pool", "create", "sondeflow", "--type", "process"], clone, environment)
        _run(["deploy", "--all"], clone, environment)
        yield environment


def _run(arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*PREFECT, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _deployments(api: str) -> dict[str, dict]:
    return {deployment["name"]: deployment for deployment in ask(api, "/deployments/filter", {"limit": 50})}


def _kept(deployments: dict[str, dict]) -> dict[str, list[tuple[str, str, bool]]]:
    """Identity, slug and state of every schedule."""
    return {
        name: [(item["id"], item["slug"], item["active"]) for item in deployment["schedules"]]
        for name, deployment in deployments.items()
    }


def _schedules(deployment: dict) -> dict[str, bool]:
    return {schedule["slug"]: schedule["active"] for schedule in deployment["schedules"]}


def test_the_server_has_what_the_file_says(server, clone):
    found = _deployments(server["PREFECT_API_URL"])
    stated = {item["name"]: item for item in yaml.safe_load((clone / "prefect.yaml").read_text())["deployments"]}
    assert found.keys() == stated.keys()
    for name, deployment in found.items():
        assert _schedules(deployment) == {item["slug"]: item["active"] for item in stated[name]["schedules"]}
        assert {item["schedule"]["timezone"] for item in deployment["schedules"]} <= {"UTC"}
        assert set(deployment["tags"]) == set(stated[name]["tags"])
        assert (
            deployment["concurrency_options"]["collision_strategy"]
            == stated[name]["concurrency_limit"]["collision_strategy"]
        )
        assert deployment["job_variables"]["working_dir"] == str(clone)
        assert deployment["enforce_parameter_schema"]


def test_the_form_explains_every_field(server):
    for name, deployment in _deployments(server["PREFECT_API_URL"]).items():
        schema = deployment["parameter_openapi_schema"]
        assert list(schema["properties"]) == ["request"]
        assert schema["properties"]["request"].get("description"), f"{name}: the request is not explained"
        model = schema["definitions"][_request_model(schema["properties"]["request"])]
        assert [field for field, about in model["properties"].items() if not about.get("description")] == [], name


def test_deploying_again_leaves_every_schedule_as_the_file_states_it(server, clone):
    """Schedules that were switched by hand are put back, and one that the file pauses now is paused and stays so."""
    api = server["PREFECT_API_URL"]
    found = _deployments(api)
    before = _kept(found)
    (off,), (on,) = found["ingest"]["schedules"], found["score"]["schedules"]
    assert (off["active"], on["active"]) == (False, True)
    ask(api, f"/deployments/{found['ingest']['id']}/schedules/{off['id']}", {"active": True}, "PATCH")
    path = clone / "prefect.yaml"
    stated = path.read_text(encoding="utf-8")
    paused = stated.replace('{slug: arrivals, cron: "0 2 * * *", timezone: UTC, active: true}', PAUSED)
    assert paused != stated
    expected = before | {"score": [(before["score"][0][0], "arrivals", False)]}
    try:
        path.write_text(paused, encoding="utf-8")
        _run(["deploy", "--all"], clone, server)
        assert _kept(_deployments(api)) == expected, "a schedule was lost, made anew, or is not as stated"
        ask(api, f"/deployments/{found['score']['id']}/schedules/{on['id']}", {"active": True}, "PATCH")
        _run(["deploy", "--name", "score"], clone, server)
        assert _kept(_deployments(api)) == expected
    finally:
        path.write_text(stated, encoding="utf-8")


def test_bad_parameters_are_refused_by_the_server(server):
    from urllib.error import HTTPError

    score = _deployments(server["PREFECT_API_URL"])["score"]
    with pytest.raises(HTTPError) as refused:
        body = {"parameters": {"request": {"inbox": 3}}, "enforce_parameter_schema": True}
        ask(server["PREFECT_API_URL"], f"/deployments/{score['id']}/create_flow_run", body)
    assert refused.value.code in {409, 422}


def _request_model(reference: dict) -> str:
    one = reference if "$ref" in reference else reference["allOf"][0]
    return one["$ref"].rsplit("/", 1)[-1]
