"""`sondeflow reviews record`: precision, missed intervals and kappa of a version, in MLflow and on its card."""

from __future__ import annotations

import json

import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.report.model_card.reviews import HEADING
from helpers.cheap_bundle import save_cheap_bundle
from tasks.settings import Settings
from tasks.tracking import RunSpec, connect, register, tracked_run

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture
def version(tmp_path, monkeypatch) -> str:
    """A registered version, with a card."""
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    folder = save_cheap_bundle(tmp_path / "cheap")
    settings = Settings()
    with tracked_run(settings, RunSpec(experiment="made", name="made")) as handle:
        notes = {"version": "# The card of the version"}
        name, number, _ = register(settings, handle.run_id, folder, Bundle.load(folder).name, notes)
    return f"{name}-v{number}"


def saved(folder, author: str, bundle: str, actions: list[str]) -> str:
    decisions = []
    for number, action in enumerate(actions):
        top = 1000.0 + 10 * number
        flagged = {} if action == "add" else {"flagged_top_m": top, "flagged_base_m": top + 2}
        decisions.append({"action": action, "top_m": top, "base_m": top + 2, "curves": ["GR"], **flagged})
    values = {"sondeflow_review": 1, "sha256": "ab" * 32, "bundle": bundle, "author": author}
    path = folder / f"{author}.json"
    path.write_text(json.dumps(values | {"made_at": "2026-01-31T06:00:00Z", "decisions": decisions}))
    return str(path)


def test_a_version_shows_what_its_reviewers_say(version, tmp_path, command_json):
    first = saved(tmp_path, "A", version, ["accept", "accept", "reject", "reject", "add"])
    second = saved(tmp_path, "B", version, ["accept", "reject", "reject", "reject"])
    other = saved(tmp_path, "C", "logs-v1", ["accept"])
    assert command_json("reviews", "add", first, second, other)[0] == 0
    code, answer = command_json("reviews", "record")
    assert code == 0
    by_bundle = {row["bundle"]: row for row in answer["versions"]}
    assert by_bundle["logs-v1"]["result"] == "not in the registry"
    assert by_bundle[version]["result"] == "logged"
    client = connect(Settings())
    run = client.get_run(by_bundle[version]["run_id"])
    assert run.data.metrics["precision"] == pytest.approx(3 / 8)
    assert run.data.metrics["missed"] == 1
    assert run.data.metrics["kappa"] == pytest.approx(0.5)
    name, number = version.rsplit("-v", 1)
    shown = client.get_model_version(name, number)
    assert shown.description.startswith("# The card of the version")
    assert "8 flags in 1 wells were reviewed: 38 % " in shown.description.replace("38%", "38 %")
    assert shown.tags["reviews_kappa"] == "0.5"
    assert command_json("reviews", "record")[1]["versions"][1]["result"] == "unchanged"
    later = saved(tmp_path, "D", version, ["accept"])
    command_json("reviews", "add", later)
    assert command_json("reviews", "record")[1]["versions"][1]["result"] == "logged"
    description = client.get_model_version(name, number).description
    assert description.count(HEADING) == 1
    assert "9 flags" in description
