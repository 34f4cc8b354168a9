"""Training further through the flow: which files take part, what is recorded, and the gate against the bundle."""

from __future__ import annotations

import copy

import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import SpecError
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.las.writer import write_las
from helpers import tiny_start
from tasks.settings import Settings
from tasks.tracking import connect, download_bundle, get, read_document

pytest_plugins = ("helpers.flow_fixtures",)
pytestmark = pytest.mark.slow  # five trainings; the parts have fast tests of their own
BEFORE, OWN = tiny_start.wells(1), tiny_start.wells(100)
# without fault networks, which take most of the time
ANOMALIES = {
    **tiny_start.SPEC["anomalies"],
    "detectors": [{"name": "pca_error", "model": {"kind": "pca_reconstruction"}}],
}
SPEC = {**tiny_start.SPEC, "anomalies": ANOMALIES}
FURTHER = {**SPEC, "seed": 7}  # its first weights would be others


@pytest.fixture(scope="module")
def home(prefect_server, tmp_path_factory):
    """A registry of its own, without any champion."""
    folder = tmp_path_factory.mktemp("start")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SONDEFLOW_HOME", str(folder))
        yield Settings()


def _write(folder, wells) -> str:
    folder.mkdir()
    for well in wells:
        write_las(well, folder / f"{well.name}.las")
    return str(folder)


def _train(data: str, spec=None, start_from: str | None = None):
    from flows.environment import run_flow
    from flows.train import TrainRequest, train

    request = TrainRequest(spec=ExperimentSpec.model_validate(spec or FURTHER), data=(data,), start_from=start_from)
    return run_flow(train, Settings(), request=request)


def _promote(version: str):
    from flows.environment import run_flow
    from flows.promote import PromoteRequest, promote

    return run_flow(promote, Settings(), request=PromoteRequest(version=version))


def _eager() -> dict:
    """The experiment at learning rates at which it learns."""
    fields = {**copy.deepcopy(FURTHER), "start": {"bundle": "replaced", "share": 1.0, "learning_rate": 1.0}}
    fields["contenders"][0]["model"]["training"] |= {"epochs": 20, "learning_rate": 0.01}
    return fields


@pytest.fixture(scope="module")
def story(home, tmp_path_factory):
    """Version 1 learns nothing, 2 starts from it and stays there, 3 starts from it and learns."""
    folder = tmp_path_factory.mktemp("wells")
    first = _train(_write(folder / "before", BEFORE), SPEC)
    own = _write(folder / "own", [*OWN, *BEFORE])
    still = _train(own, start_from="models:/sondeflow-logs@challenger")
    eager = _train(own, _eager(), start_from="models:/sondeflow-logs/1")
    refused, accepted = _promote(still.version), _promote(eager.version)
    return {"first": first, "still": still, "eager": eager, "refused": refused, "accepted": accepted, "own": own}


def _bundle(home, result) -> Bundle:
    return Bundle.load(download_bundle(home, get(home, f"models:/{result.model}/{result.version}")))


def test_files_that_the_bundle_has_seen_take_no_part(story, home):
    seen = _bundle(home, story["first"]).trained_on
    codes = [finding.code for finding in story["still"].findings]
    assert codes.count("seen-in-training") == len(seen) == len(BEFORE) - 1
    assert sum(len(names) for names in story["still"].roles.values()) == len(OWN) + 1
    assert set(seen) < set(_bundle(home, story["still"]).trained_on)


def test_the_start_is_recorded_where_the_version_is(story, home):
    first = _bundle(home, story["first"]).content_hash
    evidence = read_document(home, story["still"].run_id, "evidence.json")
    assert (evidence["started_from"], evidence["start"]) == (first, "models:/sondeflow-logs/1")
    run = connect(home).get_run(story["still"].run_id)
    assert run.data.tags["started_from"] == first
    assert f"models:/sondeflow-logs/1 (hash {first[:12]})" in run.data.tags["mlflow.note.content"]
    started = _bundle(home, story["still"]).spec.start
    assert started is not None
    assert started.networks == ("dense",)


def test_a_version_that_is_no_better_than_its_start_is_refused(story):
    refused = story["refused"]
    assert (refused.accepted, refused.champion, refused.opponent) == (False, "", "the start models:/sondeflow-logs/1")
    (gain,) = [row for row in refused.rows if row["check"] == "gain"]
    assert gain["opponent"] == "champion"
    assert gain["margin_db"] == pytest.approx(0, abs=0.01)
    assert any(reason.startswith("gain, noise 0.2") for reason in refused.reasons)


def test_a_version_that_is_better_than_its_start_is_promoted(story):
    accepted = story["accepted"]
    assert accepted.accepted, accepted.reasons
    (gain,) = [row for row in accepted.rows if row["check"] == "gain"]
    assert gain["margin_db"] > 1


def test_with_a_champion_that_one_is_the_opponent(story):
    again = _promote(story["still"].version)
    assert again.opponent == f"champion v{story['eager'].version}"
    assert not again.accepted


def test_the_same_start_is_not_trained_twice_and_another_is(story):
    again = _train(story["own"], start_from="models:/sondeflow-logs/1")
    assert (again.version, again.created) == (story["still"].version, False)


def test_own_files_that_are_all_seen_are_refused(story, home, tmp_path):
    seen = _bundle(home, story["first"]).trained_on
    data = _write(tmp_path / "seen", [one for one in BEFORE if one.name not in story["first"].roles["test"]])
    assert len(seen) == len(BEFORE) - 1
    with pytest.raises(SpecError, match="all 5 logs files are files of the training"):
        _train(data, start_from="models:/sondeflow-logs/1")


def test_the_command_takes_the_bundle_as_an_option(story, command_json, tmp_path):
    import yaml

    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(FURTHER))
    arguments = ("train", str(path), "--data", story["own"], "--start-from")
    code, answer = command_json(*arguments, "models:/sondeflow-logs/1")
    assert (code, answer["version"]) == (0, story["still"].version)
    code, answer = command_json(*arguments, "logs-v1")
    assert code == 1
    assert "the channels of a network are its curves" in answer["error"]
