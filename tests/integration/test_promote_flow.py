"""Promotion through a real registry: the gate's decision, the aliases it moves, the record it leaves."""

from __future__ import annotations

import copy

import pytest
from tiny_specs import LOGS

from aemodels.bundle import Bundle
from aemodels.experiment import ExperimentSpec
from aemodels.io.las_writer import write_las
from conftest import make_well
from tasks.holdout import champion_table
from tasks.promote import is_replaceable
from tasks.settings import Settings
from tasks.tracking import NoModelError, connect, download_bundle, find, get, read_table

pytest_plugins = ("flow_fixtures",)


@pytest.fixture(scope="module")
def other_home(prefect_server, tmp_path_factory):
    """A registry of its own for tests that move aliases."""
    home = tmp_path_factory.mktemp("promotions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SONDEFLOW_HOME", str(home))
        yield Settings()


def _train(settings, folder, **changes):
    from flows.runtime import run_flow
    from flows.train import train

    spec = {**copy.deepcopy(LOGS), **changes}
    return run_flow(train, settings, spec=ExperimentSpec.model_validate(spec), data=str(folder))


def _promote(settings, **parameters):
    from flows.promote import promote
    from flows.runtime import run_flow

    return run_flow(promote, settings, name="sondeflow-logs", **parameters)


def _decisions(settings):
    client = connect(settings)
    experiment = client.get_experiment_by_name("sondeflow-promotions").experiment_id
    return len(client.search_runs([experiment]))


@pytest.fixture(scope="module")
def story(other_home, field_folder, tmp_path_factory):
    """Three versions: a good one, one whose default loses to a baseline, a good one with another hold-out."""
    wells = field_folder / "wells"
    short = copy.deepcopy(LOGS["contenders"])
    short[0]["model"]["window"] = {"length": 12, "stride": 4}  # good enough to beat the dense one, no more
    steps = {"good": _train(other_home, wells, contenders=short), "first": _promote(other_home)}
    steps["weak"] = _train(other_home, wells, default="dense")
    steps["refused"] = _promote(other_home)
    steps["champion_after_refusal"] = find(other_home, "models:/sondeflow-logs@champion")
    steps["later"] = _train(other_home, wells, split={"test": ["W-3"]})
    steps["second"] = _promote(other_home)
    return steps


def test_the_first_good_version_becomes_champion(story):
    assert story["first"].accepted
    assert story["first"].champion == ""
    assert [row["opponent"] for row in story["first"].rows] == ["dense"]


def test_a_default_that_loses_to_a_baseline_is_refused_and_nothing_moves(story):
    refused = story["refused"]
    assert not refused.accepted
    assert any("pca_wiener" in reason for reason in refused.reasons)
    assert story["champion_after_refusal"].version == story["good"].version


def test_the_champion_is_measured_on_the_challengers_hold_out(story, other_home):
    rows = [row for row in story["second"].rows if row["opponent"] == "champion"]
    assert len(rows) == len(LOGS["conditions"])
    recorded = read_table(other_home, story["good"].run_id, "denoising_summary")
    of_first = recorded[recorded["contender"] == "pca_wiener"]["median_db"].iloc[0]
    assert rows[0]["opponent_db"] != pytest.approx(of_first, abs=1e-3), "this is its gain on its own hold-out"


def test_a_promotion_keeps_the_version_before(story, other_home):
    assert story["second"].accepted
    assert get(other_home, "models:/sondeflow-logs@champion").version == story["later"].version
    assert get(other_home, "models:/sondeflow-logs@previous").version == story["good"].version


def test_promoting_the_champion_again_changes_nothing(story, other_home):
    before = _decisions(other_home)
    again = _promote(other_home, version=story["later"].version)
    assert again.accepted
    assert _decisions(other_home) == before
    assert get(other_home, "models:/sondeflow-logs@previous").version == story["good"].version


def test_every_decision_is_a_run_with_its_table(story, other_home):
    client = connect(other_home)
    experiment = client.get_experiment_by_name("sondeflow-promotions").experiment_id
    runs = {run.info.run_name: run for run in client.search_runs([experiment])}
    refused = runs[f"sondeflow-logs-v{story['weak'].version}-refused"]
    assert "pca_wiener" in refused.data.tags["reasons"]
    table = read_table(other_home, refused.info.run_id, "gate")
    assert not table["passed"].all()


def test_a_bundle_measured_through_another_normaliser_keeps_its_own_gain(story, other_home, field_folder, tmp_path):
    """On its own hold-out, the detour through physical units must give the gain that was recorded."""
    from tasks.ingest import ingest_file
    from tasks.prepare import load_prepared

    spec = ExperimentSpec.model_validate(LOGS)
    refs = tuple(ingest_file(path, other_home)[0].ref for path in sorted((field_folder / "wells").glob("W-*.las")))
    bundle = Bundle.load(
        download_bundle(other_home, get(other_home, f"models:/sondeflow-logs/{story['good'].version}"))
    )
    table = champion_table(spec, load_prepared(spec, refs), bundle)
    measured = table[table["channel"] == "all"]["gain_db"].median()
    recorded = {row["contender"]: row["median_db"] for row in story["good"].denoising}["pca_wiener"]
    assert measured == pytest.approx(recorded, abs=0.01)


def test_a_demo_may_not_replace_a_real_champion(story, other_home):
    assert not is_replaceable.fn("sondeflow-logs", other_home)
    assert is_replaceable.fn("sondeflow-seismic", other_home)


def test_a_version_that_is_not_there_is_named_with_the_remedy(story, other_home):
    with pytest.raises(NoModelError, match="sondeflow train"):
        _promote(other_home, version="99")


def test_without_its_hold_out_a_challenger_is_refused(other_home, story, tmp_path):
    folder = tmp_path / "wells"
    folder.mkdir()
    for number in range(4):
        write_las(make_well(f"N-{number}", samples=700, seed=50 + number), folder / f"{number}.las")
    newer = _train(other_home, folder, split={"test": ["N-3"]})
    hidden = other_home.refs_dir.rename(other_home.home / "hidden")
    try:
        from tasks import prepare

        prepare._prepared.cache_clear()
        decision = _promote(other_home, version=newer.version)
    finally:
        hidden.rename(other_home.refs_dir)
    assert not decision.accepted
    assert any("cannot be measured" in reason for reason in decision.reasons)
